import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/** Serdes that write what the contracts of the same scenario write in TypeScript. */
final class Form {
  /** `serdes.string`. */
  static final Serde<String> TEXT = Serdes.String();
  /** `serdes.json`: as JSON.stringify writes it, without spaces. */
  static final Serde<JsonNode> JSON = json(JsonNode.class);
  /** `serdes.json<number>()`. */
  static final Serde<Long> NUMBER = json(Long.class);
  /** `serdes.json<string>()`: what a value is written as where a callback made it and no serde is given. */
  static final Serde<String> QUOTED = json(String.class);

  static final Consumed<String, String> TEXTS_IN = Consumed.with(TEXT, TEXT);
  static final Produced<String, String> TEXTS_OUT = Produced.with(TEXT, TEXT);
  static final Produced<String, Long> NUMBERS_OUT = Produced.with(TEXT, NUMBER);
  static final Grouped<String, String> TEXTS = Grouped.with(TEXT, TEXT);

  /** A store with text keys. */
  static <V> Materialized<String, V, KeyValueStore<Bytes, byte[]>> rows(String store, Serde<V> values) {
    return Materialized.<String, V, KeyValueStore<Bytes, byte[]>>as(store).withKeySerde(TEXT).withValueSerde(values);
  }

  /** A window store with text keys. */
  static <V> Materialized<String, V, WindowStore<Bytes, byte[]>> windows(String store, Serde<V> values) {
    return Materialized.<String, V, WindowStore<Bytes, byte[]>>as(store).withKeySerde(TEXT).withValueSerde(values);
  }

  private static <T> Serde<T> json(Class<T> type) {
    return Serdes.serdeFrom(
        (topic, value) -> {
          try {
            return value == null ? null : Golden.JSON.writeValueAsString(value).getBytes(StandardCharsets.UTF_8);
          } catch (IOException failure) {
            throw new UncheckedIOException(failure);
          }
        },
        (topic, bytes) -> {
          try {
            return bytes == null ? null : Golden.JSON.readValue(bytes, type);
          } catch (IOException failure) {
            throw new UncheckedIOException(failure);
          }
        });
  }
}
