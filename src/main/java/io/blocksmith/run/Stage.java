package io.blocksmith.run;

import io.blocksmith.spec.ExportFormat;
import java.util.Locale;

/** A unit of durable work: it either commits one record in the ledger or has not happened. */
public sealed interface Stage {

    /** Stable name in the ledger, in object names and in reports, e.g. {@code block-007}. */
    String key();

    /** What kind of stage it is, without block, segment or format: there are seven. */
    default String kind() {
        return switch (this) {
            case Capture _ -> "capture";
            case TrainBlock _ -> "train-block";
            case RepairBlock _ -> "repair-block";
            case EndToEnd _ -> "end-to-end";
            case Export _ -> "export";
            case Evaluate _ -> "evaluate";
            case Report _ -> "report";
        };
    }

    /** Whether attempts at it take training steps. */
    default boolean trains() {
        return switch (this) {
            case TrainBlock _, RepairBlock _, EndToEnd _ -> true;
            case Capture _, Export _, Evaluate _, Report _ -> false;
        };
    }

    /**
     * Full-precision hidden states that enter the first block of {@code segment}, for one part of the samples. Parts
     * follow one another through the segments like waggons, so several workers capture at once.
     */
    record Capture(int segment, int part) implements Stage {
        @Override
        public String key() {
            return "capture-%03d-part-%d".formatted(segment, part);
        }
    }

    /** Block-AP of one block. */
    record TrainBlock(int block) implements Stage {
        @Override
        public String key() {
            return "block-%03d".formatted(block);
        }
    }

    /** The repair pass of one block: Block-AP again from its trained state, on the true quantized stream. */
    record RepairBlock(int block) implements Stage {
        @Override
        public String key() {
            return "repair-%03d".formatted(block);
        }
    }

    /** E2E-QP over the whole model. */
    record EndToEnd() implements Stage {
        @Override
        public String key() {
            return "end-to-end";
        }
    }

    /** One exported model folder, read back and compared before it commits. */
    record Export(ExportFormat format) implements Stage {
        @Override
        public String key() {
            return "export-" + format.key();
        }
    }

    /** Perplexity of one of the four models of the report. */
    record Evaluate(Subject subject) implements Stage {
        @Override
        public String key() {
            return "evaluate-" + subject.key();
        }
    }

    /** The report of the finished run. */
    record Report() implements Stage {
        @Override
        public String key() {
            return "report";
        }
    }

    /** The models whose perplexities a report compares. */
    enum Subject {
        FULL_PRECISION,
        ROUND_TO_NEAREST,
        BLOCK_AP,
        END_TO_END;

        public String key() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
