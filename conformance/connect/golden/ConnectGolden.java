import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Configurable;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/**
 * Does what the requests on the standard input say with Connect's and Debezium's own classes and prints one line of JSON for each. Data
 * travels as text of Connect's JSON with schemas; a java.util.Date without a schema as {"$date": milliseconds}.
 */
public final class ConnectGolden {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonConverter TYPED = json(true);
    private static final JsonConverter PLAIN = json(false);

    public static void main(String[] arguments) throws Exception {
        for (JsonNode request : MAPPER.readTree(System.in)) {
            ObjectNode answer = MAPPER.createObjectNode();
            try {
                answer.set("result", answer(request));
            } catch (Exception | StackOverflowError error) {
                Throwable cause = error;
                while (cause instanceof java.lang.reflect.InvocationTargetException) cause = cause.getCause();
                // Messages have addresses of objects in them.
                answer.put("failed", cause.getClass().getSimpleName());
            }
            System.out.println(MAPPER.writeValueAsString(answer));
        }
    }

    private static JsonNode answer(JsonNode request) throws Exception {
        Object subject = Class.forName(request.get("class").asText()).getDeclaredConstructor().newInstance();
        Map<String, Object> config = new LinkedHashMap<>();
        request.path("config").fields().forEachRemaining(entry -> config.put(entry.getKey(), entry.getValue().asText()));
        switch (request.get("does").asText()) {
            case "configDef":
                return definition((ConfigDef) subject.getClass().getMethod("config").invoke(subject));
            case "fromConnect": {
                SchemaAndValue data = read(request.get("data"));
                byte[] bytes = converter(subject, config).fromConnectData("topic", data.schema(), data.value());
                return bytes == null ? MAPPER.nullNode() : MAPPER.getNodeFactory().textNode(Base64.getEncoder().encodeToString(bytes));
            }
            case "toConnect":
                return write(converter(subject, config).toConnectData("topic", bytesOf(request)));
            case "fromHeader": {
                SchemaAndValue data = read(request.get("data"));
                byte[] bytes = header(subject, config).fromConnectHeader("topic", "name", data.schema(), data.value());
                return bytes == null ? MAPPER.nullNode() : MAPPER.getNodeFactory().textNode(Base64.getEncoder().encodeToString(bytes));
            }
            case "toHeader":
                return write(header(subject, config).toConnectHeader("topic", "name", bytesOf(request)));
            case "transform":
                return transform(subject, config, recordOf(request));
            default: {
                ((Configurable) subject).configure(config);
                return MAPPER.getNodeFactory().booleanNode(test(subject, recordOf(request)));
            }
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static JsonNode transform(Object subject, Map<String, Object> config, ConnectRecord record) {
        try (Transformation transform = (Transformation) subject) {
            transform.configure(config);
            ConnectRecord<?> result = transform.apply(record);
            return result == null ? MAPPER.nullNode() : write(result);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static boolean test(Object subject, ConnectRecord record) {
        return ((Predicate) subject).test(record);
    }

    private static Converter converter(Object subject, Map<String, Object> config) {
        ((Converter) subject).configure(config, false);
        return (Converter) subject;
    }

    private static HeaderConverter header(Object subject, Map<String, Object> config) {
        config.put("converter.type", "header");
        ((HeaderConverter) subject).configure(config);
        return (HeaderConverter) subject;
    }

    private static byte[] bytesOf(JsonNode request) {
        JsonNode bytes = request.get("bytes");
        return bytes.isNull() ? null : Base64.getDecoder().decode(bytes.asText());
    }

    private static JsonNode definition(ConfigDef definition) {
        ObjectNode names = MAPPER.createObjectNode();
        definition.configKeys().forEach((name, key) -> {
            // Connect sets it itself.
            if (name.equals("converter.type")) return;
            ObjectNode node = names.putObject(name);
            node.put("type", key.type.name());
            node.put("required", !key.hasDefault());
            node.put("default", key.hasDefault() ? ConfigDef.convertToString(key.defaultValue, key.type) : null);
            node.put("importance", key.importance.name());
        });
        return names;
    }

    /** Debezium's transforms are made for sources, Kafka's are shown the records of a sink, which have an offset. */
    private static ConnectRecord<?> recordOf(JsonNode request) {
        JsonNode node = request.get("record");
        ConnectHeaders headers = new ConnectHeaders();
        for (JsonNode header : node.path("headers")) {
            SchemaAndValue data = read(header.get("data"));
            headers.add(header.get("key").asText(), data);
        }
        SchemaAndValue key = read(node.get("key"));
        SchemaAndValue value = read(node.get("value"));
        Long timestamp = node.path("timestampMs").isNumber() ? node.get("timestampMs").asLong() : null;
        if (request.get("class").asText().startsWith("io.debezium.")) {
            return new SourceRecord(Map.of(), Map.of(), node.get("topic").asText(), node.get("partition").asInt(), key.schema(), key.value(),
                    value.schema(), value.value(), timestamp, headers);
        }
        return new SinkRecord(node.path("topic").asText("topic"), node.path("partition").asInt(0), key.schema(), key.value(),
                value.schema(), value.value(), node.path("offset").asLong(0), timestamp, TimestampType.CREATE_TIME, headers);
    }

    private static JsonNode write(ConnectRecord<?> record) {
        ObjectNode node = MAPPER.createObjectNode();
        node.put("topic", record.topic());
        node.put("partition", record.kafkaPartition());
        node.put("timestampMs", record.timestamp());
        node.set("key", write(new SchemaAndValue(record.keySchema(), record.key())));
        node.set("value", write(new SchemaAndValue(record.valueSchema(), record.value())));
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) {
            ObjectNode one = headers.addObject();
            one.put("key", header.key());
            one.set("data", write(new SchemaAndValue(header.schema(), header.value())));
        }
        return node;
    }

    /** Null is null without a schema. */
    private static SchemaAndValue read(JsonNode text) {
        if (text == null || text.isNull()) return SchemaAndValue.NULL;
        SchemaAndValue data = TYPED.toConnectData("topic", text.asText().getBytes(StandardCharsets.UTF_8));
        return data.schema() == null ? new SchemaAndValue(null, dates(data.value(), false)) : data;
    }

    private static JsonNode write(SchemaAndValue data) {
        if (data == null || (data.schema() == null && data.value() == null)) return MAPPER.nullNode();
        Object value = data.schema() == null ? dates(data.value(), true) : data.value();
        byte[] bytes = (data.schema() == null ? PLAIN : TYPED).fromConnectData("topic", data.schema(), value);
        String text = new String(bytes, StandardCharsets.UTF_8);
        return MAPPER.getNodeFactory().textNode(data.schema() == null ? "{\"schema\":null,\"payload\":" + text + "}" : text);
    }

    private static Object dates(Object value, boolean isWritten) {
        if (isWritten && value instanceof Date) return Map.of("$date", ((Date) value).getTime());
        if (value instanceof List) {
            List<Object> copy = new ArrayList<>();
            for (Object item : (List<?>) value) copy.add(dates(item, isWritten));
            return copy;
        }
        if (!(value instanceof Map)) return value;
        Map<?, ?> map = (Map<?, ?>) value;
        if (!isWritten && map.containsKey("$date")) return new Date((Long) map.get("$date"));
        Map<Object, Object> copy = new LinkedHashMap<>();
        map.forEach((key, item) -> copy.put(key, dates(item, isWritten)));
        return copy;
    }

    private static JsonConverter json(boolean withSchemas) {
        JsonConverter converter = new JsonConverter();
        // Null stays null, so that what a transform makes of a default value can be seen.
        converter.configure(Map.of("schemas.enable", String.valueOf(withSchemas), "replace.null.with.default", "false"), false);
        return converter;
    }
}
