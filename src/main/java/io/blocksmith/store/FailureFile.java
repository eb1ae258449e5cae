package io.blocksmith.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.run.FailureReport;

/** {@code RUN/failure.json}: a {@link FailureReport} for people and programs; nothing reads it back. */
public final class FailureFile {
    private static final int VERSION = 1;

    private FailureFile() {}

    /** Makes {@code report} the run's. */
    public static void write(ObjectStore store, FailureReport report) {
        try {
            ObjectNode tree = Json.MAPPER.createObjectNode().put("version", VERSION);
            tree.setAll((ObjectNode) Json.MAPPER.valueToTree(report));
            store.replace(
                    RunNames.FAILURE,
                    Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree));
        } catch (JsonProcessingException unexpected) {
            throw BlocksmithException.defect("cannot write %s as JSON: %s", report, unexpected.getMessage());
        }
    }
}
