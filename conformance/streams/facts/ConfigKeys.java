// Prints every key of Kafka Streams' configuration with its default as JSON, and what it sets for the clients that it opens:
// packages/streams/test/fixtures/kafka-streams-config.json (npm run generate -- fixtures streams-facts).
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.streams.StreamsConfig;
import java.lang.reflect.Modifier;
import java.util.*;

public class ConfigKeys {
  public static void main(String[] args) throws Exception {
    var out = new LinkedHashMap<String, Object>();
    out.put("version", AppInfoParser.getVersion());
    out.put("constants", constants(StreamsConfig.class));
    out.put("streams", keys(StreamsConfig.configDef()));
    out.put("consumer", keys(ConsumerConfig.configDef()));
    out.put("producer", keys(ProducerConfig.configDef()));
    out.put("admin", keys(AdminClientConfig.configDef()));
    out.put("topic", new TreeSet<>(constants(TopicConfig.class).values()));
    for (var guarantee : List.of(StreamsConfig.AT_LEAST_ONCE, StreamsConfig.EXACTLY_ONCE_V2)) out.put(guarantee, clients(guarantee));
    System.out.println(json(out));
  }

  /** Names of settings by the name of their constant. */
  static Map<String, String> constants(Class<?> from) throws Exception {
    var found = new TreeMap<String, String>();
    for (var field : from.getFields()) {
      boolean isConstant = Modifier.isStatic(field.getModifiers()) && field.getType() == String.class;
      if (isConstant && field.getName().endsWith("_CONFIG")) found.put(field.getName(), (String) field.get(null));
    }
    return found;
  }

  static Map<String, Object> keys(ConfigDef definition) {
    var found = new TreeMap<String, Object>();
    definition.configKeys().forEach((name, key) -> {
      var entry = new LinkedHashMap<String, Object>();
      entry.put("type", key.type.name());
      if (key.hasDefault()) entry.put("default", ConfigDef.convertToString(key.defaultValue, key.type));
      else entry.put("required", true);
      if (key.internalConfig) entry.put("internal", true);
      found.put(name, entry);
    });
    return found;
  }

  /** What Kafka Streams hands to each of its clients unless told otherwise. */
  static Map<String, Object> clients(String guarantee) {
    var config = new StreamsConfig(Map.of("application.id", "app", "bootstrap.servers", "localhost:9092", "processing.guarantee", guarantee));
    var found = new LinkedHashMap<String, Object>();
    found.put("main.consumer", texts(config.getMainConsumerConfigs("app", "client", 1)));
    found.put("restore.consumer", texts(config.getRestoreConsumerConfigs("client")));
    found.put("global.consumer", texts(config.getGlobalConsumerConfigs("client")));
    found.put("producer", texts(config.getProducerConfigs("client")));
    found.put("admin", texts(config.getAdminConfigs("client")));
    return found;
  }

  static Map<String, Object> texts(Map<String, Object> settings) {
    var found = new TreeMap<String, Object>();
    settings.forEach((name, value) -> {
      boolean isSetting = value == null || value instanceof String || value instanceof Number || value instanceof Boolean;
      if (isSetting) found.put(name, value == null ? null : String.valueOf(value));
    });
    return found;
  }

  static String json(Object value) {
    if (value == null) return "null";
    if (value instanceof Map<?, ?> map) {
      var entries = new StringJoiner(",", "{", "}");
      map.forEach((name, entry) -> entries.add(json(name) + ":" + json(entry)));
      return entries.toString();
    }
    if (value instanceof Collection<?> list) {
      var entries = new StringJoiner(",", "[", "]");
      list.forEach(entry -> entries.add(json(entry)));
      return entries.toString();
    }
    if (value instanceof Boolean) return value.toString();
    return '"' + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }
}
