package io.blocksmith.chaos;

import java.util.Optional;

/** Where a node is held before something dies: a named point in the life of one stage of a tiny run of five blocks. */
enum Phase {
    CAPTURE("capture", "capture-000-part-0", "put before boundaries/.*capture-000.*"),
    TRAINING("training", "block-000", "step block-000 train step 3 saved .*"),
    SAVING("saving", "block-001", "put after blocks/001/.*checkpoint-.*"),
    SEALING("sealing a boundary", "block-002", "put before boundaries/003/block-002-.*quantized/.*"),
    COMMITTING("committing, before", "block-003", record("before", 3)),
    COMMITTED("committing, after", "block-004", record("after", 4)),
    END_TO_END("E2E-QP", "end-to-end", "step end-to-end train step 3 saved .*"),
    EXPORT("export", "export-gptq", "put before export/gptq/.*");

    private final String words;
    private final String stage;
    private final String pattern;

    Phase(String words, String stage, String pattern) {
        this.words = words;
        this.stage = stage;
        this.pattern = pattern;
    }

    private static String record(String when, int block) {
        return "create %s ledger/.*\"stage-committed\".*\"train-block\",\\s+\"block\" : %d\\b.*".formatted(when, block);
    }

    /** For people. */
    String words() {
        return words;
    }

    /** Key of the stage that is under way. */
    String stage() {
        return stage;
    }

    /** Of the point of a {@link FaultGate}. */
    String pattern() {
        return pattern;
    }

    /** Where a held training saves what it reached; empty in phases that train nothing. */
    Optional<String> checkpoints() {
        return switch (this) {
            case TRAINING -> Optional.of("blocks/000/");
            case END_TO_END -> Optional.of("end-to-end/");
            case CAPTURE, SAVING, SEALING, COMMITTING, COMMITTED, EXPORT -> Optional.empty();
        };
    }

    /** Whether the point is in a coordinator. */
    boolean isInCoordinator() {
        return this == COMMITTING || this == COMMITTED;
    }
}
