package io.blocksmith.report;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.blocksmith.failure.BlocksmithException;
import java.io.IOException;

/** Report figures as JSON text and back. JSON has no NaN and no infinity: both are written as {@code null}. */
public final class ReportJson {
    private static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .addModule(new SimpleModule()
                    .addSerializer(double.class, new FiniteOrNull())
                    .addSerializer(Double.class, new FiniteOrNull())
                    .addDeserializer(double.class, new NumberOrNaN()))
            .build();

    private ReportJson() {}

    /** {@code report.json} of {@code data}, ending in a line break. */
    public static String write(ReportData data) {
        try {
            return MAPPER.writeValueAsString(data) + "\n";
        } catch (JsonProcessingException e) {
            throw BlocksmithException.defect(
                    "report of run %s cannot be written as JSON: %s", data.run(), e.getMessage());
        }
    }

    /**
     * The figures in the text of a {@code report.json}.
     *
     * @param name of the file, for the error
     * @throws BlocksmithException (USER) when it is no JSON, not a report, or of a newer version
     */
    public static ReportData read(String name, String json) {
        ReportData data;
        try {
            data = MAPPER.readValue(json, ReportData.class);
        } catch (JsonProcessingException e) {
            throw BlocksmithException.user("%s: not a report: %s", name, e.getOriginalMessage());
        }
        if (data == null || data.version() < 1 || data.version() > ReportData.VERSION) {
            throw BlocksmithException.user(
                    "%s: report version %s, expected 1 to %d; use the Blocksmith that wrote it",
                    name, data == null ? "missing" : data.version(), ReportData.VERSION);
        }
        return data;
    }

    private static final class FiniteOrNull extends JsonSerializer<Double> {
        @Override
        public void serialize(Double value, JsonGenerator json, SerializerProvider provider) throws IOException {
            if (Double.isFinite(value)) {
                json.writeNumber(value);
            } else {
                json.writeNull();
            }
        }
    }

    private static final class NumberOrNaN extends JsonDeserializer<Double> {
        @Override
        public Double deserialize(JsonParser json, DeserializationContext context) throws IOException {
            return json.getValueAsDouble(Double.NaN);
        }

        @Override
        public Double getNullValue(DeserializationContext context) {
            return Double.NaN;
        }
    }
}
