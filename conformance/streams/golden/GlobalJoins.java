import java.time.Duration;
import java.util.StringJoiner;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Window;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.SessionWindow;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.AggregationWithHeaders;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.SessionStoreWithHeaders;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.TimestampedKeyValueStoreWithHeaders;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.TimestampedWindowStoreWithHeaders;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.ValueTimestampHeaders;
import org.apache.kafka.streams.state.WindowStore;

/** The programs of packages/streams/test/golden/scenarios/global-joins.ts. */
final class GlobalJoins {
  static void register(Scenarios scenarios) {
    scenarios.add("join: no names", app -> {
      GlobalKTable<String, String> rows = app.globalTable("table", Form.TEXTS_IN);
      stream(app).join(rows, GlobalJoins::mapped, GlobalJoins::joined).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("leftJoin: no names", app -> {
      GlobalKTable<String, String> rows = app.globalTable("table", Form.TEXTS_IN);
      stream(app).leftJoin(rows, GlobalJoins::mapped, GlobalJoins::joined).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("join: names", app -> {
      GlobalKTable<String, String> rows = app.globalTable("table", Form.TEXTS_IN, Form.rows("rows", Form.TEXT));
      stream(app).join(rows, GlobalJoins::mapped, GlobalJoins::joined, Named.as("looked-up")).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("leftJoin: names", app -> {
      GlobalKTable<String, String> rows = app.globalTable("table", Form.TEXTS_IN, Form.rows("rows", Form.TEXT));
      stream(app).leftJoin(rows, GlobalJoins::mapped, GlobalJoins::joined, Named.as("looked-up")).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("a global store filled by a processor", app -> {
      app.addGlobalStore(filled(), "table", Form.TEXTS_IN, () -> new Fill(true));
      stream(app).process(Read::new, Named.as("reading")).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("a global store filled by a processor, named", app -> {
      app.addGlobalStore(filled(), "table", Form.TEXTS_IN.withName("filling"), () -> new Fill(true));
      stream(app).process(Read::new, Named.as("reading")).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("a global store of windows", app -> filledOf(app, windows(),
        (store, record) -> store.put(
            record.key(), ValueAndTimestamp.make(record.value(), record.timestamp()), windowStart(record)),
        (TimestampedWindowStore<String, String> store, String key, StringJoiner found) -> {
          try (var all = store.fetch(key, 0L, 1_000L)) {
            all.forEachRemaining(row -> found.add(row.key + ":" + row.value.value() + "@" + row.value.timestamp()));
          }
        }));
    scenarios.add("a global store of windows with headers", app -> filledOf(app, headedWindows(),
        (store, record) -> store.put(
            record.key(),
            ValueTimestampHeaders.make(record.value(), record.timestamp(), record.headers()),
            windowStart(record)),
        (WindowStore<String, ValueTimestampHeaders<String>> store, String key, StringJoiner found) -> {
          try (var all = store.fetch(key, 0L, 1_000L)) {
            all.forEachRemaining(row -> found.add(
                row.key + ":" + row.value.value() + "@" + row.value.timestamp() + texts(row.value.headers())));
          }
        }));
    scenarios.add("a global store of sessions", app -> filledOf(app, sessions(),
        (store, record) -> store.put(session(record), record.value()),
        (SessionStore<String, String> store, String key, StringJoiner found) -> {
          try (var all = store.fetch(key)) {
            all.forEachRemaining(row -> readSession(row, found));
          }
        }));
    scenarios.add("a global store of sessions with headers", app -> filledOf(app, headedSessions(),
        (store, record) -> store.put(session(record), AggregationWithHeaders.make(record.value(), record.headers())),
        (SessionStore<String, AggregationWithHeaders<String>> store, String key, StringJoiner found) -> {
          try (var all = store.fetch(key)) {
            all.forEachRemaining(row -> readSession(
                KeyValue.pair(row.key, row.value.aggregation() + texts(row.value.headers())), found));
          }
        }));
    scenarios.add("a global store of rows with headers", app -> filledOf(app, headedRows(),
        (store, record) -> store.put(
            record.key(), ValueTimestampHeaders.make(record.value(), record.timestamp(), record.headers())),
        (TimestampedKeyValueStoreWithHeaders<String, String> store, String key, StringJoiner found) -> {
          var row = store.get(key);
          if (row != null) found.add(row.value() + "@" + row.timestamp() + texts(row.headers()));
        }));
    scenarios.addTopology("a store of tasks filled from a topic", () -> {
      var texts = Form.TEXT.deserializer();
      Topology topology = new Topology();
      topology.addReadOnlyStateStore(
          filled(), "filling-source", texts, texts, "table", "filling", () -> new Fill(false));
      topology.addSource("KSTREAM-SOURCE-0000000002", texts, texts, "stream");
      topology.addProcessor("reading", Read::new, "KSTREAM-SOURCE-0000000002");
      topology.connectProcessorAndStateStores("reading", "filled");
      topology.addSink(
          "KSTREAM-SINK-0000000003", "out", Form.TEXT.serializer(), Form.TEXT.serializer(), "reading");
      return topology;
    });
  }

  private static final Duration SIZE = Duration.ofMillis(10);
  private static final Duration RETENTION = Duration.ofMillis(40);

  private static StoreBuilder<TimestampedWindowStore<String, String>> windows() {
    return Stores.timestampedWindowStoreBuilder(
        Stores.persistentTimestampedWindowStore("filled", RETENTION, SIZE, false), Form.TEXT, Form.TEXT);
  }

  private static StoreBuilder<TimestampedWindowStoreWithHeaders<String, String>> headedWindows() {
    return Stores.timestampedWindowStoreWithHeadersBuilder(
        Stores.persistentTimestampedWindowStoreWithHeaders("filled", RETENTION, SIZE, false), Form.TEXT, Form.TEXT);
  }

  private static StoreBuilder<SessionStore<String, String>> sessions() {
    return Stores.sessionStoreBuilder(Stores.persistentSessionStore("filled", RETENTION), Form.TEXT, Form.TEXT);
  }

  private static StoreBuilder<SessionStoreWithHeaders<String, String>> headedSessions() {
    return Stores.sessionStoreWithHeadersBuilder(
        Stores.persistentSessionStoreWithHeaders("filled", RETENTION), Form.TEXT, Form.TEXT);
  }

  private static StoreBuilder<TimestampedKeyValueStoreWithHeaders<String, String>> headedRows() {
    return Stores.timestampedKeyValueStoreWithHeadersBuilder(
        Stores.persistentTimestampedKeyValueStoreWithHeaders("filled"), Form.TEXT, Form.TEXT);
  }

  private interface Putting<S> {
    void put(S store, Record<String, String> record);
  }

  private interface Reading<S> {
    void read(S store, String key, StringJoiner found);
  }

  private static long windowStart(Record<String, String> record) {
    return record.timestamp() - record.timestamp() % 10;
  }

  private static Windowed<String> session(Record<String, String> record) {
    return new Windowed<>(record.key(), new SessionWindow(record.timestamp() - 3, record.timestamp()));
  }

  private static String texts(Headers headers) {
    StringBuilder text = new StringBuilder();
    for (Header header : headers) text.append(';').append(header.key()).append('=').append(new String(header.value()));
    return text.toString();
  }

  private static void readSession(KeyValue<Windowed<String>, String> session, StringJoiner found) {
    Window window = session.key.window();
    found.add(window.start() + "-" + window.end() + ":" + session.value);
  }

  /** A processor fills a global store, another lists what it has of a key: it is given less of a store than the first. */
  private static <S extends StateStore, R extends StateStore> void filledOf(
      StreamsBuilder app, StoreBuilder<S> store, Putting<S> putting, Reading<R> reading) {
    app.addGlobalStore(store, "table", Form.TEXTS_IN, () -> new ContextualProcessor<String, String, Void, Void>() {
      @Override
      public void process(Record<String, String> record) {
        putting.put(context().getStateStore("filled"), record);
      }
    });
    stream(app).process(() -> new ContextualProcessor<String, String, String, String>() {
      @Override
      public void process(Record<String, String> record) {
        StringJoiner found = new StringJoiner(" ", record.value() + ": ", "");
        reading.read(context().getStateStore("filled"), record.value(), found);
        context().forward(record.withValue(found.toString()));
      }
    }, Named.as("reading")).to("out", Form.TEXTS_OUT);
  }

  private static StoreBuilder<TimestampedKeyValueStore<String, String>> filled() {
    return Stores.timestampedKeyValueStoreBuilder(
        Stores.persistentTimestampedKeyValueStore("filled"), Form.TEXT, Form.TEXT);
  }

  /** Puts what it reads, changed or as it is. */
  private static final class Fill extends ContextualProcessor<String, String, Void, Void> {
    private final boolean changes;

    Fill(boolean changes) {
      this.changes = changes;
    }

    @Override
    public void process(Record<String, String> record) {
      TimestampedKeyValueStore<String, String> rows = context().getStateStore("filled");
      String value = record.value();
      String key = record.key() == null ? "none" : record.key();
      if (changes && value != null) value = value.toLowerCase();
      rows.put(key, ValueAndTimestamp.make(value, record.timestamp()));
      if (changes && key.equals("s")) rows.put("a", ValueAndTimestamp.make("from s", record.timestamp() + 1));
    }
  }

  private static final class Read extends ContextualProcessor<String, String, String, String> {
    @Override
    public void process(Record<String, String> record) {
      TimestampedKeyValueStore<String, String> rows = context().getStateStore("filled");
      var row = rows.get(record.value() == null ? "none" : record.value());
      String found = row == null ? "null+null" : row.value() + "+" + row.timestamp();
      context().forward(record.withValue(record.value() + "+" + found));
    }
  }

  private static String mapped(String key, String value) {
    return "-".equals(value) ? null : value;
  }

  private static String joined(String value, String row) {
    return "null".equals(value) ? null : value + "+" + row;
  }

  private static KStream<String, String> stream(StreamsBuilder app) {
    return app.stream("stream", Form.TEXTS_IN);
  }
}
