import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/** The programs of packages/streams/test/golden/scenarios/types.ts. */
final class Types {
  private static final Serde<Long> LONG = Serdes.Long();
  private static final Serde<Integer> INTEGER = Serdes.Integer();
  private static final Serde<Double> DOUBLE = Serdes.Double();
  private static final Serde<Short> SHORT = Serdes.Short();
  private static final Serde<Float> FLOAT = Serdes.Float();
  private static final Serde<UUID> ID = Serdes.UUID();
  private static final Serde<Boolean> BOOLEAN = Serdes.Boolean();
  private static final Serde<Bytes> BYTES = Serdes.Bytes();

  static void register(Scenarios scenarios) {
    scenarios.add("objects under numbers, as a table", app ->
        app.table("orders", Consumed.with(LONG, Form.JSON), Types.<Long, JsonNode>rows("orders", LONG, Form.JSON))
            .toStream()
            .to("by-id", Produced.with(LONG, Form.JSON)));
    scenarios.add("objects made by callbacks, repartitioned under numbers", app ->
        app.stream("orders", Consumed.with(LONG, Form.JSON))
            .groupBy((key, value) -> (long) value.get("item").asText().length(), Grouped.with("by-length", LONG, Form.JSON))
            .aggregate(Types::none, (key, value, all) -> added(all, value), rows("all", LONG, Form.JSON))
            .toStream()
            .to("by-id", Produced.with(LONG, Form.JSON)));
    scenarios.add("floating point numbers under numbers", app ->
        app.stream("ids", Consumed.with(INTEGER, DOUBLE))
            .groupByKey(Grouped.with(INTEGER, DOUBLE))
            .reduce(Double::sum, rows("sums", INTEGER, DOUBLE))
            .toStream()
            .to("sums", Produced.with(INTEGER, DOUBLE)));
    scenarios.add("windowed numbers in milliseconds of today", app ->
        app.stream("ids", Consumed.with(INTEGER, DOUBLE))
            .groupByKey(Grouped.with(INTEGER, DOUBLE))
            .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofHours(1)))
            .reduce(Double::sum, Materialized.<Integer, Double, WindowStore<Bytes, byte[]>>as("sums")
                .withKeySerde(INTEGER).withValueSerde(DOUBLE))
            .toStream()
            .to("per-hour", Produced.with(WindowedSerdes.timeWindowedSerdeFrom(Integer.class, 3_600_000), DOUBLE)));
    scenarios.add("short numbers and short floating point numbers, in windows", app -> {
      var grouped = app.stream("shorts", Consumed.with(SHORT, FLOAT)).groupByKey(Grouped.with(SHORT, FLOAT));
      grouped.reduce(Float::sum, rows("sums", SHORT, FLOAT)).toStream().to("per-short", Produced.with(SHORT, FLOAT));
      grouped
          .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofHours(1)))
          .reduce(Float::sum, Materialized.<Short, Float, WindowStore<Bytes, byte[]>>as("per-hour")
              .withKeySerde(SHORT).withValueSerde(FLOAT))
          .toStream()
          .to("short-hours", Produced.with(WindowedSerdes.timeWindowedSerdeFrom(Short.class, 3_600_000), FLOAT));
    });
    scenarios.add("UUIDs, booleans, and lists of them", app -> {
      var stream = app.stream("named", Consumed.with(ID, BOOLEAN));
      var grouped = stream.groupByKey(Grouped.with(ID, BOOLEAN));
      grouped
          .aggregate(() -> (short) 0, (id, isOne, count) -> (short) (count + (isOne ? 1 : 10)),
              Types.<UUID, Short>rows("counts", ID, SHORT))
          .toStream()
          .to("by-name", Produced.with(ID, SHORT));
      var flags = list(BOOLEAN);
      grouped
          .aggregate(ArrayList::new, (id, isOne, all) -> {
            List<Boolean> longer = new ArrayList<>(all);
            longer.add(isOne);
            return longer;
          }, Types.<UUID, List<Boolean>>rows("flags", ID, flags))
          .toStream()
          .to("flags", Produced.with(ID, flags));
      stream
          .map((id, isOne) -> KeyValue.pair(List.of(id), List.of(isOne ? 0.5f : 0.25f)))
          .to("listed", Produced.with(list(ID), list(FLOAT)));
      stream
          .map((id, isOne) -> KeyValue.pair(List.of((short) (isOne ? 7 : -7)), isOne))
          .to("short-lists", Produced.with(list(SHORT), BOOLEAN));
    });
    scenarios.add("bytes", app ->
        app.stream("blobs", Consumed.with(BYTES, BYTES))
            .groupByKey(Grouped.with(BYTES, BYTES))
            .reduce((one, other) -> one.get().length > other.get().length ? one : other, rows("longest", BYTES, BYTES))
            .toStream()
            .to("longest", Produced.with(BYTES, BYTES)));
    scenarios.add("keys and values that are nothing", app -> {
      var stream = app.stream("keyless", Consumed.with(Serdes.Void(), ID));
      stream.to("keyless-again", Produced.with(Serdes.Void(), ID));
      stream.map((key, id) -> KeyValue.pair(id, (Void) null)).to("empty", Produced.with(ID, Serdes.Void()));
    });
    scenarios.add("empty texts and texts of all planes", app ->
        app.stream("words", Form.TEXTS_IN)
            .groupBy((key, value) -> key, Grouped.with("again", Form.TEXT, Form.TEXT))
            .reduce((all, value) -> all + value, Form.rows("all", Form.TEXT))
            .toStream()
            .to("out", Form.TEXTS_OUT));
    scenarios.add("lists of texts and of numbers, with nulls among them, and lists as keys", app -> {
      var texts = list(Form.TEXT);
      var numbers = list(INTEGER);
      var grouped = app.stream("words", Form.TEXTS_IN).groupByKey(Form.TEXTS);
      grouped
          .aggregate(ArrayList::new, listed(word -> word), Types.<String, List<String>>rows("texts", Form.TEXT, texts))
          .toStream()
          .to("texted", Produced.with(Form.TEXT, texts));
      grouped
          .aggregate(ArrayList::new, listed(String::length), Types.<String, List<Integer>>rows("lengths", Form.TEXT, numbers))
          .toStream()
          .to("measured", Produced.with(Form.TEXT, numbers));
      app.stream("other", Form.TEXTS_IN)
          .groupBy((key, word) -> List.of(word.length(), -1), Grouped.with("by-length", numbers, Form.TEXT))
          .reduce((all, word) -> all + word, Types.<List<Integer>, String>rows("by-lengths", numbers, Form.TEXT))
          .toStream()
          .to("by-length", Produced.with(numbers, Form.TEXT));
    });
    scenarios.add("a callback that fails", app ->
        app.stream("words", Form.TEXTS_IN)
            .mapValues(word -> {
              if (word.equals("boom")) throw new IllegalStateException("boom");
              return word;
            })
            .to("out", Form.TEXTS_OUT));
  }

  @SuppressWarnings("unchecked")
  private static <T> Serde<List<T>> list(Serde<T> inner) {
    return (Serde<List<T>>) (Serde<?>) Serdes.ListSerde(ArrayList.class, inner);
  }

  private static <T> Aggregator<String, String, List<T>> listed(Function<String, T> entryOf) {
    return (key, word, list) -> {
      if (word.equals("empty")) return new ArrayList<>();
      List<T> longer = new ArrayList<>(list);
      longer.add(word.equals("null") ? null : entryOf.apply(word));
      return longer;
    };
  }

  private static JsonNode none() {
    ObjectNode order = Golden.JSON.createObjectNode();
    order.put("item", "none").put("amount", 0).putArray("tags");
    return order;
  }

  private static JsonNode added(JsonNode all, JsonNode order) {
    ObjectNode sum = Golden.JSON.createObjectNode();
    sum.put("item", all.get("item").asText() + "+" + order.get("item").asText());
    sum.put("amount", all.get("amount").asLong() + order.get("amount").asLong());
    ArrayNode tags = sum.putArray("tags");
    all.get("tags").forEach(tags::add);
    order.get("tags").forEach(tags::add);
    return sum;
  }

  private static <K, V> Materialized<K, V, KeyValueStore<Bytes, byte[]>> rows(String store, Serde<K> keys, Serde<V> values) {
    return Materialized.<K, V, KeyValueStore<Bytes, byte[]>>as(store).withKeySerde(keys).withValueSerde(values);
  }
}
