import java.time.Duration;
import java.util.StringJoiner;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.AggregationWithHeaders;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.SessionStoreWithHeaders;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.TimestampedWindowStoreWithHeaders;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.ValueTimestampHeaders;
import org.apache.kafka.streams.state.VersionedKeyValueStore;
import org.apache.kafka.streams.state.VersionedRecord;

/** The programs of packages/streams/test/golden/scenarios/processor-stores.ts. */
final class ProcessorStores {
  private static final Duration SIZE = Duration.ofMillis(100);
  private static final Duration RETENTION = Duration.ofMillis(400);

  private interface Keeping<S> {
    void keep(S store, Record<String, String> record, StringJoiner found);
  }

  static void register(Scenarios scenarios) {
    scenarios.add("windows", app -> keptIn(app, windows(), (store, record, found) -> {
      store.put(record.key(), ValueAndTimestamp.make(record.value(), record.timestamp()), startOf(record));
      try (var all = store.fetch(record.key(), record.timestamp() - 300, record.timestamp() + 300)) {
        all.forEachRemaining(row -> found.add(row.key + ":" + row.value.value() + "@" + row.value.timestamp()));
      }
    }));
    scenarios.add("windows with headers", app -> keptIn(app, headedWindows(), (store, record, found) -> {
      store.put(
          record.key(),
          ValueTimestampHeaders.make(record.value(), record.timestamp(), record.headers()),
          startOf(record));
      try (var all = store.fetch(record.key(), record.timestamp() - 300, record.timestamp() + 300)) {
        all.forEachRemaining(row -> found.add(
            row.key + ":" + row.value.value() + "@" + row.value.timestamp() + texts(row.value.headers())));
      }
    }));
    scenarios.add("sessions", app -> keptIn(app, sessions(), (store, record, found) -> {
      store.put(session(record), record.value());
      try (var all = store.fetch(record.key())) {
        all.forEachRemaining(row -> found.add(span(row.key) + ":" + row.value));
      }
    }));
    scenarios.add("sessions with headers", app -> keptIn(app, headedSessions(), (store, record, found) -> {
      store.put(session(record), AggregationWithHeaders.make(record.value(), record.headers()));
      try (var all = store.fetch(record.key())) {
        all.forEachRemaining(row ->
            found.add(span(row.key) + ":" + row.value.aggregation() + texts(row.value.headers())));
      }
    }));
    scenarios.add("versions", app -> keptIn(app, versions(), (store, record, found) -> {
      store.put(record.key(), record.value(), record.timestamp());
      found.add(version(store.get(record.key())));
      found.add(version(store.get(record.key(), record.timestamp() - 50)));
    }));
    whateverComes(scenarios);
  }

  private static void whateverComes(Scenarios scenarios) {
    scenarios.add("no store, and whatever comes", app -> {
      var all = app.stream("in", Form.TEXTS_IN);
      all.process(() -> new ContextualProcessor<String, String, String, String>() {
        @Override
        public void process(Record<String, String> record) {
          String value = record.value() + "@" + record.timestamp();
          var headers = record.headers();
          context().forward(new Record<>(String.valueOf(record.key()), value, record.timestamp() + 1, headers));
        }
      }).to("out", Form.TEXTS_OUT);
      all.processValues(() -> new ContextualFixedKeyProcessor<String, String, String>() {
        @Override
        public void process(FixedKeyRecord<String, String> record) {
          context().forward(record.withValue(record.value() + "@" + record.timestamp()));
          context().forward(record.withValue("again").withTimestamp(record.timestamp() + 1));
        }
      }).to("values", Form.TEXTS_OUT);
    });
  }

  /** Every record goes into the store, and what the store has of its key is handed on. */
  private static <S extends StateStore> void keptIn(StreamsBuilder app, StoreBuilder<S> store, Keeping<S> keeping) {
    app.addStateStore(store);
    app.stream("in", Form.TEXTS_IN)
        .process(() -> new ContextualProcessor<String, String, String, String>() {
          @Override
          public void process(Record<String, String> record) {
            StringJoiner found = new StringJoiner(" ", record.value() + ": ", "");
            keeping.keep(context().getStateStore("kept"), record, found);
            context().forward(record.withValue(found.toString()));
          }
        }, Named.as("keeping"), "kept")
        .to("out", Form.TEXTS_OUT);
  }

  private static StoreBuilder<TimestampedWindowStore<String, String>> windows() {
    return Stores.timestampedWindowStoreBuilder(
        Stores.persistentTimestampedWindowStore("kept", RETENTION, SIZE, false), Form.TEXT, Form.TEXT);
  }

  private static StoreBuilder<TimestampedWindowStoreWithHeaders<String, String>> headedWindows() {
    return Stores.timestampedWindowStoreWithHeadersBuilder(
        Stores.persistentTimestampedWindowStoreWithHeaders("kept", RETENTION, SIZE, false), Form.TEXT, Form.TEXT);
  }

  private static StoreBuilder<SessionStore<String, String>> sessions() {
    return Stores.sessionStoreBuilder(Stores.persistentSessionStore("kept", RETENTION), Form.TEXT, Form.TEXT);
  }

  private static StoreBuilder<SessionStoreWithHeaders<String, String>> headedSessions() {
    return Stores.sessionStoreWithHeadersBuilder(
        Stores.persistentSessionStoreWithHeaders("kept", RETENTION), Form.TEXT, Form.TEXT);
  }

  private static StoreBuilder<VersionedKeyValueStore<String, String>> versions() {
    return Stores.versionedKeyValueStoreBuilder(
        Stores.persistentVersionedKeyValueStore("kept", RETENTION), Form.TEXT, Form.TEXT);
  }

  private static long startOf(Record<String, String> record) {
    return record.timestamp() - record.timestamp() % 100;
  }

  private static Windowed<String> session(Record<String, String> record) {
    return new Windowed<>(record.key(), new SessionWindow(record.timestamp() - 30, record.timestamp()));
  }

  private static String span(Windowed<String> session) {
    return session.window().start() + "-" + session.window().end();
  }

  private static String version(VersionedRecord<String> found) {
    return found == null ? "undefined@undefined" : found.value() + "@" + found.timestamp();
  }

  private static String texts(Headers headers) {
    StringBuilder text = new StringBuilder();
    for (Header header : headers) text.append(';').append(header.key()).append('=').append(new String(header.value()));
    return text.toString();
  }
}
