package io.blocksmith.stage;

import io.blocksmith.export.ExportSource;
import io.blocksmith.export.ModelExport;
import io.blocksmith.failure.BlocksmithException;
import io.blocksmith.files.Reason;
import io.blocksmith.llama.CheckpointWeights;
import io.blocksmith.run.ObjectRef;
import io.blocksmith.run.Ticket;
import io.blocksmith.spec.ExportFormat;
import io.blocksmith.store.RunNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** One exported folder, read back by an independent decoder and compared before it is put where users look. */
final class ExportStage {
    private final RunContext run;

    ExportStage(RunContext run) {
        this.run = run;
    }

    AttemptResult run(Ticket ticket, ExportFormat format, AttemptProgress progress) {
        Path folder = run.scratch(ticket).resolve(format.key());
        try (CheckpointWeights model = run.openModel();
                FinalModel trained = new FinalModel(run, run.state(), model.config())) {
            ExportSource source = new ExportSource(
                    model.checkpoint(), model.config(), run.recipe().quantization(), trained);
            ModelExport export = ModelExport.of(format);
            progress.begin("write");
            export.write(source, folder);
            progress.begin("verify");
            export.verify(source, folder);
        }
        progress.begin("seal");
        // The folder's name is that of every attempt: one that was replaced must not write over its successor's files.
        run.requireRunning(ticket);
        List<ObjectRef> objects = put(RunNames.attempt(ticket), folder);
        double bytes = objects.stream().mapToDouble(ObjectRef::bytes).sum();
        return new AttemptResult(objects, Map.of(Figures.BYTES, bytes));
    }

    private List<ObjectRef> put(String prefix, Path folder) {
        List<ObjectRef> objects = new ArrayList<>();
        Set<String> names = new HashSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                String name = prefix + file.getFileName();
                names.add(name);
                objects.add(run.store().put(name, file));
            }
        } catch (IOException e) {
            throw BlocksmithException.environment(e, "%s: cannot be listed: %s", folder, Reason.of(e));
        }
        // An attempt that died while putting may have left a file that this one does not write.
        run.store().list(prefix).stream().filter(name -> !names.contains(name)).forEach(run.store()::delete);
        return objects;
    }
}
