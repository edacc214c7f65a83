import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;

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
