// Prints Topology#describe() of Kafka Streams for the programs of packages/streams/test/java-names.test.ts; its output is
// packages/streams/test/fixtures/kafka-streams-describe.txt. With the jars of kafka-streams 4.3.0 and its dependencies in LIB:
//   javac -cp "$LIB/*" -d "$OUT" conformance/streams/Describe.java
//   java -cp "$LIB/*:$OUT" Describe > packages/streams/test/fixtures/kafka-streams-describe.txt
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.*;
import java.time.Duration;
import java.util.*;

public class Describe {
  static void show(String name, java.util.function.Consumer<StreamsBuilder> f) {
    Properties p = new Properties(); p.put("application.id", "app"); p.put("bootstrap.servers", "x:1");
    StreamsBuilder b = new StreamsBuilder(); f.accept(b);
    System.out.println("### " + name); System.out.print(b.build().describe());
  }
  public static void main(String[] a) {
    var SS = Consumed.with(Serdes.String(), Serdes.String());
    show("stateless", b -> b.stream("in", SS).filter((k, v) -> true).mapValues(v -> v).selectKey((k, v) -> v).flatMapValues(v -> List.of(v)).peek((k, v) -> {}).to("out"));
    show("first", b -> {
      KTable<String, String> totals = b.stream("order", SS).groupBy((k, v) -> v, Grouped.as("by-customer")).aggregate(() -> "", (k, v, agg) -> agg, Materialized.as("totals"));
      totals.join(b.table("customer", SS), (x, y) -> x, Materialized.as("spend")).toStream().to("spend");
    });
    show("unnamed-aggregate", b -> b.stream("in", SS).groupBy((k, v) -> v, Grouped.with(Serdes.String(), Serdes.String())).count().toStream().to("out"));
    show("reduce-bykey", b -> b.stream("in", SS).groupByKey().reduce((x, y) -> x, Materialized.as("store")).toStream().to("out"));
    show("window", b -> b.stream("in", SS).groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1))).count(Materialized.as("counts")).toStream().map((k, v) -> KeyValue.pair(k.key(), "")).to("out"));
    show("stream-table-join", b -> b.stream("orders", SS).join(b.table("customers", SS), (x, y) -> x).to("out"));
    show("stream-table-join-repartition", b -> b.stream("orders", SS).selectKey((k, v) -> v).leftJoin(b.table("customers", SS), (x, y) -> x).to("out"));
    show("table-joins", b -> { KTable<String, String> l = b.table("left", SS), r = b.table("right", SS); l.leftJoin(r, (x, y) -> x).filter((k, v) -> true).toStream().to("out"); });
    show("table-map-store", b -> b.table("left", SS, Materialized.as("l")).mapValues(v -> v, Materialized.as("m")).toStream().to("out"));
    show("table-unmaterialised", b -> b.table("left", SS).mapValues(v -> v).toStream().to("out"));
    show("grouped-table", b -> b.table("left", SS).groupBy((k, v) -> KeyValue.pair(v, k), Grouped.as("by-value")).count(Materialized.as("sizes")).toStream().to("out"));
    show("merge", b -> b.stream("a", SS).merge(b.stream("b", SS)).to("out"));
    show("split", b -> { var m = b.stream("in", SS).split(Named.as("split-")).branch((k, v) -> true, Branched.as("one")).branch((k, v) -> true, Branched.as("two")).noDefaultBranch(); m.get("split-one").to("o1"); m.get("split-two").to("o2"); });
    show("to-table", b -> b.stream("in", SS).selectKey((k, v) -> v).toTable().toStream().to("out"));
    show("repartition", b -> b.stream("in", SS).repartition(Repartitioned.as("again")).to("out"));
    show("two-aggregates", b -> { var g = b.stream("in", SS).groupBy((k, v) -> v, Grouped.as("g")); g.count(Materialized.as("c")); g.reduce((x, y) -> x, Materialized.as("r")); });
    show("same-topic-twice", b -> { b.stream("in", SS).filter((k, v) -> true).to("o1"); b.stream("in", SS).mapValues(v -> v).to("o2"); });
    show("two-subtopologies", b -> { b.stream("a", SS).to("x"); b.stream("b", SS).groupBy((k,v)->v, Grouped.as("g")).count(Materialized.as("c")).toStream().to("y"); });
    show("join-twice", b -> { var t = b.table("t", SS); var s = b.stream("in", SS).map((k, v) -> KeyValue.pair(v, k)); s.join(t, (x, y) -> x).to("o1"); s.leftJoin(t, (x, y) -> x).to("o2"); });
  }
}
