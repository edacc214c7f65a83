import java.util.Arrays;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Printed;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.RecordContext;
import org.apache.kafka.streams.processor.TopicNameExtractor;

/** The programs of packages/streams/test/golden/scenarios/stateless.ts. */
final class Stateless {
  static void register(Scenarios scenarios) {
    scenarios.add("filter", app ->
        in(app).filter((key, word) -> word != null && word.length() > 2).to("out", Form.TEXTS_OUT));
    scenarios.add("filterNot", app ->
        in(app).filterNot((key, word) -> word != null && word.length() > 2).to("out", Form.TEXTS_OUT));
    scenarios.add("map", app -> in(app).map((key, word) -> KeyValue.pair(word, key)).to("out", Form.TEXTS_OUT));
    scenarios.add("mapValues", app ->
        in(app).mapValues((key, word) -> "is".equals(word) ? null : key + ":" + word).to("out", Form.TEXTS_OUT));
    scenarios.add("flatMap", app ->
        in(app)
            .flatMap((key, word) ->
                Arrays.stream((word == null ? "no value" : word).split(" ", -1)).map(part -> KeyValue.pair(part, key)).toList())
            .to("out", Form.TEXTS_OUT));
    scenarios.add("flatMapValues", app ->
        in(app)
            .flatMapValues(word -> word == null || word.isEmpty() ? List.<String>of() : List.of(word.split("")))
            .to("out", Form.TEXTS_OUT));
    scenarios.add("selectKey", app ->
        in(app).selectKey((key, word) -> word == null ? key : word).to("out", Form.TEXTS_OUT));
    scenarios.add("peek and forEach", app -> {
      KStream<String, String> stream = in(app);
      stream.foreach((key, word) -> {});
      stream.peek((key, word) -> {}).to("out", Form.TEXTS_OUT);
    });
    scenarios.add("merge", app -> in(app).merge(app.stream("other", Form.TEXTS_IN)).to("out", Form.TEXTS_OUT));
    scenarios.add("merge of streams with changed keys, repartitioned", app -> {
      KStream<String, String> one = in(app).selectKey((key, word) -> word == null ? key : word);
      one.merge(app.stream("other", Form.TEXTS_IN))
          .repartition(Repartitioned.with(Form.TEXT, Form.TEXT).withName("merged"))
          .to("out", Form.TEXTS_OUT);
    });
    scenarios.add("split, and the rest", app -> {
      var branches = in(app).split()
          .branch((key, word) -> word != null && word.length() < 3, Branched.as("short"))
          .defaultBranch(Branched.as("none"));
      branches.get("KSTREAM-BRANCH-0000000001short").to("out", Form.TEXTS_OUT);
      branches.get("KSTREAM-BRANCH-0000000001none").to("rest", Form.TEXTS_OUT);
    });
    scenarios.add("split, and nothing else", app -> {
      var branches = in(app).split(Named.as("by-"))
          .branch((key, word) -> word != null && word.length() < 3, Branched.as("short"))
          .branch((key, word) -> word != null, Branched.as("long"))
          .noDefaultBranch();
      branches.get("by-short").to("out", Form.TEXTS_OUT);
      branches.get("by-long").to("rest", Form.TEXTS_OUT);
    });
    scenarios.add("repartition", app ->
        in(app).repartition(Repartitioned.with(Form.TEXT, Form.TEXT).withName("again")).to("out", Form.TEXTS_OUT));
    scenarios.add("repartition of changed keys and values", app ->
        in(app)
            .map((key, word) -> KeyValue.pair(word == null ? "none" : word, key))
            .repartition(Repartitioned.with(Form.TEXT, Form.QUOTED).withName("again").withNumberOfPartitions(1))
            .to("out", Form.TEXTS_OUT));
    scenarios.add("a topic that is written and read", app -> {
      in(app).to("between", Form.TEXTS_OUT);
      app.stream("between", Form.TEXTS_IN).mapValues(word -> word + "!").to("out", Form.TEXTS_OUT);
    });
    scenarios.add("toTable", app -> in(app).toTable().toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("toTable with a store", app ->
        in(app).toTable(Form.rows("rows", Form.TEXT)).toStream().to("out", Form.TEXTS_OUT));
    scenarios.add("toTable of changed keys", app ->
        in(app)
            .selectKey((key, word) -> "is".equals(word) ? null : key)
            .toTable(Form.rows("rows", Form.TEXT))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("a topic chosen for each record", app -> in(app).to(new BySize(), Form.TEXTS_OUT));
    scenarios.add("print", app -> {
      KStream<String, String> stream = in(app);
      stream.print(Printed.<String, String>toFile("/dev/null").withLabel("words"));
      stream.mapValues(word -> word).print(Printed.<String, String>toFile("/dev/null").withName("printer"));
    });
    scenarios.add("tombstones where callbacks are not made for them", app ->
        in(app).mapValues(word -> word + "!").to("out", Form.TEXTS_OUT));
  }

  private static final class BySize implements TopicNameExtractor<String, String> {
    @Override
    public String extract(String key, String word, RecordContext context) {
      return word != null && word.length() < 3 ? "out" : "rest";
    }

    @Override
    public String toString() {
      return "bySize";
    }
  }

  private static KStream<String, String> in(StreamsBuilder app) {
    return app.stream("in", Form.TEXTS_IN);
  }
}
