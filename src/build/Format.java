import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks or rewrites the layout of all Java sources: 4 spaces, 120 columns, sorted imports (palantir-java-format, a
 * google-java-format for 120 columns). The build runs this as a single-file program on the JDK that compiles the project,
 * because the formatter parses with that JDK's own compiler and Maven itself may run on an older one.
 *
 * <p>Arguments: {@code check}, {@code write} or {@code skip}, then the source folders.
 */
final class Format {
    private Format() {}

    public static void main(String[] arguments) throws IOException {
        String mode = arguments[0];
        if (mode.equals("skip")) {
            return;
        }
        if (!mode.equals("check") && !mode.equals("write")) {
            System.err.println("-Dformat=" + mode + ": expected check, write or skip");
            System.exit(2);
        }
        List<Path> sources = sources(List.of(arguments).subList(1, arguments.length));
        List<String> faults = sources.parallelStream()
                .flatMap(source -> fault(source, mode.equals("write")).stream())
                .toList();
        if (!faults.isEmpty()) {
            faults.forEach(System.err::println);
            System.err.println("To format the sources: ./mvnw -q process-sources -Dformat=write");
            System.exit(1);
        }
    }

    private static List<Path> sources(List<String> folders) throws IOException {
        Stream.Builder<Path> found = Stream.builder();
        for (String folder : folders) {
            if (Files.isDirectory(Path.of(folder))) {
                try (Stream<Path> walk = Files.walk(Path.of(folder))) {
                    walk.filter(path -> path.toString().endsWith(".java")).forEach(found);
                }
            }
        }
        return found.build().sorted().toList();
    }

    /** What is wrong with {@code source} after this call; empty when it is well laid out. */
    private static List<String> fault(Path source, boolean write) {
        try {
            String before = Files.readString(source);
            String after = formatter().formatSourceAndFixImports(before);
            if (after.equals(before)) {
                return List.of();
            }
            if (write) {
                Files.writeString(source, after);
                return List.of();
            }
            return List.of(source + ": not formatted");
        } catch (FormatterException e) {
            // The formatter does not know the unnamed pattern inside a record pattern yet: R(_, var x).
            return List.of(
                    source + ": cannot be formatted (in record patterns write 'var _' for '_'): " + e.getMessage());
        } catch (IOException e) {
            return List.of(source + ": " + e);
        }
    }

    private static Formatter formatter() {
        return Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
    }
}
