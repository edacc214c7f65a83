import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Produced;

/** Serdes that write what the contracts of the same scenario write in TypeScript. */
final class Form {
  /** `serdes.string`. */
  static final Serde<String> TEXT = Serdes.String();

  /** `serdes.json`: as JSON.stringify writes it, without spaces. Integers are long, so that 1 is not 1.0. */
  static final Serde<JsonNode> JSON = Serdes.serdeFrom(
      (topic, value) -> {
        try {
          return value == null ? null : Golden.JSON.writeValueAsBytes(value);
        } catch (IOException failure) {
          throw new UncheckedIOException(failure);
        }
      },
      (topic, bytes) -> {
        try {
          return bytes == null ? null : Golden.JSON.readTree(bytes);
        } catch (IOException failure) {
          throw new UncheckedIOException(failure);
        }
      });

  /** `serdes.json<number>()`. */
  static final Serde<Long> NUMBER = Serdes.serdeFrom(
      (topic, value) -> value == null ? null : value.toString().getBytes(),
      (topic, bytes) -> bytes == null ? null : Long.valueOf(new String(bytes)));

  /** `serdes.json<string>()`: what a value is written as where a callback made it and no serde is given. */
  static final Serde<String> QUOTED = Serdes.serdeFrom(
      (topic, value) -> {
        try {
          return value == null ? null : Golden.JSON.writeValueAsBytes(value);
        } catch (IOException failure) {
          throw new UncheckedIOException(failure);
        }
      },
      (topic, bytes) -> {
        try {
          return bytes == null ? null : Golden.JSON.readValue(bytes, String.class);
        } catch (IOException failure) {
          throw new UncheckedIOException(failure);
        }
      });

  static final Consumed<String, String> TEXTS_IN = Consumed.with(TEXT, TEXT);
  static final Produced<String, String> TEXTS_OUT = Produced.with(TEXT, TEXT);
  static final Produced<String, Long> NUMBERS_OUT = Produced.with(TEXT, NUMBER);
  static final Grouped<String, String> TEXTS = Grouped.with(TEXT, TEXT);
}
