package io.blocksmith.run;

import java.util.List;
import java.util.Map;

/**
 * What a finished attempt hands over to be committed.
 *
 * @param objects what it wrote, each under the attempt's own name
 * @param figures small named numbers for the report and the metrics (losses, seconds, peak bytes)
 */
public record StageResult(List<ObjectRef> objects, Map<String, Double> figures) {
    public StageResult {
        objects = ObjectRefs.copyOf(objects);
        figures = Map.copyOf(figures);
    }
}
