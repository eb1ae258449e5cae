/**
 * The API and the live page over HTTP (Akka HTTP). What can be seen is looked up in a run's store, what is asked is put
 * there (decision 0021): so every coordinator can serve every run, and none needs to know who supervises. Knows how a run
 * is shown and where it is kept; what a process has of runs comes in as a {@link io.blocksmith.http.RunDirectory}.
 */
package io.blocksmith.http;
