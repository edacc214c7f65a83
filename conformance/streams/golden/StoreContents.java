import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.AggregationWithHeaders;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.ValueTimestampHeaders;
import org.apache.kafka.streams.state.WindowStore;

/** What the stores of a driver hold, as JSON: `{key, value, timestamp, start, end}`, without what the kind does not have. */
final class StoreContents {
  static ObjectNode of(TopologyTestDriver driver) {
    ObjectNode stores = Golden.JSON.createObjectNode();
    new TreeMap<>(driver.getAllStateStores()).forEach((name, store) -> {
      ArrayNode entries = Golden.JSON.createArrayNode();
      if (!isInternal(name) && read(store, entries)) stores.set(name, entries);
    });
    return stores;
  }

  /** What joins keep for themselves: their changelogs are compared instead. */
  private static boolean isInternal(String name) {
    return name.matches("KSTREAM-(JOIN|OUTER)[A-Z]+-[0-9]+-store|.*-join-store|.*-?SUBSCRIPTION-STATE-STORE.*|.*-subscription-store");
  }

  /** False for kinds that cannot be read from end to end: versioned stores, and stores of a user's own. */
  private static boolean read(StateStore store, ArrayNode entries) {
    if (store instanceof KeyValueStore<?, ?> rows) {
      try (var all = rows.all()) {
        all.forEachRemaining(row -> add(entries, row.key, row.value));
      }
      return true;
    }
    if (store instanceof WindowStore<?, ?> windows) {
      // As long ago and as far ahead as a store can be asked for.
      try (var all = windows.fetchAll(Instant.ofEpochMilli(0), Instant.ofEpochMilli(Long.MAX_VALUE))) {
        all.forEachRemaining(window -> add(entries, window.key, window.value));
      }
      return true;
    }
    if (store instanceof SessionStore<?, ?> sessions) {
      try (var all = sessions.fetch(null, null)) {
        all.forEachRemaining(session -> add(entries, session.key, session.value));
      }
      return true;
    }
    return false;
  }

  private static void add(ArrayNode entries, Object key, Object value) {
    ObjectNode entry = entries.addObject();
    if (key instanceof Windowed<?> windowed) {
      entry.set("key", json(windowed.key()));
      entry.put("start", windowed.window().start());
      entry.put("end", windowed.window().end());
    } else {
      entry.set("key", json(key));
    }
    if (value instanceof ValueAndTimestamp<?> timestamped) {
      entry.set("value", json(timestamped.value()));
      entry.put("timestamp", timestamped.timestamp());
    } else if (value instanceof ValueTimestampHeaders<?> headed) {
      entry.set("value", json(headed.value()));
      entry.put("timestamp", headed.timestamp());
    } else if (value instanceof AggregationWithHeaders<?> headed) {
      entry.set("value", json(headed.aggregation()));
    } else {
      entry.set("value", json(value));
    }
  }

  private static JsonNode json(Object value) {
    if (value instanceof Bytes bytes) return Golden.JSON.valueToTree(bytes.get());
    // All its digits, as a number of 64 bits has them.
    if (value instanceof Float number) return Golden.JSON.valueToTree(number.doubleValue());
    return Golden.JSON.valueToTree(value);
  }
}
