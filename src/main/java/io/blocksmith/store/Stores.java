package io.blocksmith.store;

import java.nio.file.Path;

/** Opens the store of a run by where it lives. */
public final class Stores {
    private Stores() {}

    /**
     * Opens for writing.
     *
     * @param location a folder, or {@code s3://bucket/prefix}
     * @param settings for the latter
     * @param owner a name that no other live process of the run uses
     */
    public static ObjectStore open(String location, S3 settings, String owner) {
        return S3Location.matches(location)
                ? S3Store.open(S3Location.parse(location), settings, owner)
                : DirectoryStore.openForWriting(Path.of(location), owner);
    }

    /** Opens for looking: nothing is written to the run, except that S3 objects are copied to {@code settings.cache}. */
    public static ObjectStore openForReading(String location, S3 settings, String owner) {
        return S3Location.matches(location)
                ? S3Store.openForReading(S3Location.parse(location), settings, owner)
                : DirectoryStore.open(Path.of(location));
    }
}
