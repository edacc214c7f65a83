import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.state.KeyValueStore;

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
