package io.blocksmith.metrics;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What an expression of Prometheus names; whether it is one at all, promtool tells. */
final class PromQl {
    private static final Pattern TEXT = Pattern.compile("\"(\\\\.|[^\"\\\\])*\"");
    private static final Pattern MATCHERS = Pattern.compile("\\{([^}]*)}");
    private static final Pattern RANGE = Pattern.compile("\\[[^]]*]");
    private static final Pattern GROUPING =
            Pattern.compile("\\b(?:by|without|on|ignoring|group_left|group_right)\\s*\\(([^)]*)\\)");
    private static final Pattern WORD = Pattern.compile("(?<![\\w:.$])[a-zA-Z_:][\\w:]*+(?!\\s*\\()");
    private static final Pattern LABEL = Pattern.compile("[a-zA-Z_]\\w*");
    private static final Set<String> KEYWORDS = Set.of("and", "or", "unless", "offset", "bool", "inf", "nan");

    private PromQl() {}

    /** Names of the metrics, suffixes of histograms included. */
    static Set<String> metrics(String expression) {
        String bare = TEXT.matcher(expression).replaceAll("");
        for (Pattern pattern : new Pattern[] {MATCHERS, RANGE, GROUPING}) {
            bare = pattern.matcher(bare).replaceAll("");
        }
        Set<String> names = all(WORD, bare);
        names.removeAll(KEYWORDS);
        return names;
    }

    /** Names of labels that are matched or grouped by. */
    static Set<String> labels(String expression) {
        String bare = TEXT.matcher(expression).replaceAll("");
        Set<String> labels = new TreeSet<>();
        for (Pattern pattern : new Pattern[] {MATCHERS, GROUPING}) {
            Matcher matcher = pattern.matcher(bare);
            while (matcher.find()) {
                labels.addAll(all(LABEL, matcher.group(1)));
            }
        }
        return labels;
    }

    private static Set<String> all(Pattern pattern, String text) {
        Set<String> found = new TreeSet<>();
        pattern.matcher(text).results().map(MatchResult::group).forEach(found::add);
        return found;
    }
}
