package io.blocksmith.stage;

import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.StageResult;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a stage class hands back: its objects and figures, before seconds and peak memory are added. */
record AttemptResult(List<ObjectRef> objects, Map<String, Double> figures) {
    StageResult with(double seconds, double peakBytes) {
        Map<String, Double> all = new HashMap<>(figures);
        all.put(Figures.SECONDS, seconds);
        all.put(Figures.PEAK_BYTES, peakBytes);
        return new StageResult(objects, all);
    }
}
