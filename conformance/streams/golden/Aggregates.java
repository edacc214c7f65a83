import org.apache.kafka.streams.kstream.Materialized;

/** The programs of packages/streams/test/golden/scenarios/aggregates.ts. */
final class Aggregates {
  static void register(Scenarios scenarios) {
    scenarios.add("count by key", app ->
        app.stream("in", Form.TEXTS_IN).groupByKey().count(Materialized.as("counts")).toStream()
            .to("counted", Form.NUMBERS_OUT));
  }
}
