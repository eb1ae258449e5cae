package io.blocksmith.store;

import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.PropertyAccessor;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import io.blocksmith.run.Event;
import io.blocksmith.run.Request;
import io.blocksmith.run.Stage;
import java.io.IOException;
import java.time.Instant;

/**
 * How the records of {@link io.blocksmith.run} look as JSON. The type names below are in every ledger ever written:
 * they may be added to, never changed, and neither may the names of record components or enum constants without a new
 * record version.
 */
final class Json {
    private Json() {}

    /** Keys in kebab-case as in recipes, maps sorted, unknown keys refused, instants in ISO-8601. */
    static final ObjectMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .visibility(PropertyAccessor.IS_GETTER, Visibility.NONE)
            .addMixIn(Event.class, EventNames.class)
            .addMixIn(Stage.class, StageNames.class)
            .addMixIn(Request.class, RequestNames.class)
            .addModule(new SimpleModule()
                    .addSerializer(Instant.class, ToStringSerializer.instance)
                    .addDeserializer(Instant.class, new InstantReader()))
            .build();

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Event.RunSubmitted.class, name = "run-submitted"),
        @JsonSubTypes.Type(value = Event.SupervisorStarted.class, name = "supervisor-started"),
        @JsonSubTypes.Type(value = Event.StageStarted.class, name = "stage-started"),
        @JsonSubTypes.Type(value = Event.StageCommitted.class, name = "stage-committed"),
        @JsonSubTypes.Type(value = Event.StageFailed.class, name = "stage-failed"),
        @JsonSubTypes.Type(value = Event.StageCancelled.class, name = "stage-cancelled"),
        @JsonSubTypes.Type(value = Event.StageDamaged.class, name = "stage-damaged"),
        @JsonSubTypes.Type(value = Event.StageReset.class, name = "stage-reset"),
        @JsonSubTypes.Type(value = Event.RunPaused.class, name = "run-paused"),
        @JsonSubTypes.Type(value = Event.RunResumed.class, name = "run-resumed"),
        @JsonSubTypes.Type(value = Event.WorkerDrained.class, name = "worker-drained"),
        @JsonSubTypes.Type(value = Event.WorkerReturned.class, name = "worker-returned"),
        @JsonSubTypes.Type(value = Event.RunCompleted.class, name = "run-completed"),
        @JsonSubTypes.Type(value = Event.RunStopped.class, name = "run-stopped")
    })
    private interface EventNames {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Stage.Capture.class, name = "capture"),
        @JsonSubTypes.Type(value = Stage.TrainBlock.class, name = "train-block"),
        @JsonSubTypes.Type(value = Stage.RepairBlock.class, name = "repair-block"),
        @JsonSubTypes.Type(value = Stage.EndToEnd.class, name = "end-to-end"),
        @JsonSubTypes.Type(value = Stage.Export.class, name = "export"),
        @JsonSubTypes.Type(value = Stage.Evaluate.class, name = "evaluate"),
        @JsonSubTypes.Type(value = Stage.Report.class, name = "report")
    })
    private interface StageNames {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Request.Pause.class, name = "pause"),
        @JsonSubTypes.Type(value = Request.Resume.class, name = "resume"),
        @JsonSubTypes.Type(value = Request.Cancel.class, name = "cancel"),
        @JsonSubTypes.Type(value = Request.Retry.class, name = "retry"),
        @JsonSubTypes.Type(value = Request.Drain.class, name = "drain"),
        @JsonSubTypes.Type(value = Request.Undrain.class, name = "undrain")
    })
    private interface RequestNames {}

    private static final class InstantReader extends StdScalarDeserializer<Instant> {
        private static final long serialVersionUID = 1L;

        InstantReader() {
            super(Instant.class);
        }

        @Override
        public Instant deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            return Instant.parse(parser.getText());
        }
    }
}
