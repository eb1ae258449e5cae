package io.blocksmith.store;

import io.blocksmith.failure.BlocksmithException;

/** What may name an object, and what may name an owner. */
final class ObjectNames {
    private ObjectNames() {}

    static boolean isLegal(String name) {
        boolean legal = !name.isEmpty() && !name.startsWith(OwnerFolders.SCRATCH + "/");
        for (String part : name.split("/", -1)) {
            // Hidden files are not ours to show: the run's lock and unfinished files are such.
            legal &= !part.isEmpty() && !part.startsWith(".") && part.indexOf('\\') < 0;
        }
        return legal;
    }

    /** @throws BlocksmithException (a defect) when {@code name} leaves the store, is hidden, or is a folder */
    static String require(String name) {
        if (!isLegal(name)) {
            throw BlocksmithException.defect("'%s' is no object name", name);
        }
        return name;
    }

    /** @throws BlocksmithException (a defect) when {@code owner} cannot be the name of a folder */
    static String requireOwner(String owner) {
        if (!owner.matches("[A-Za-z0-9_][A-Za-z0-9._@:-]*")) {
            throw BlocksmithException.defect("'%s' is no owner's name: letters, digits and . _ @ : - only", owner);
        }
        return owner;
    }
}
