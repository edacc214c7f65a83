import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.TimestampProto;
import com.google.protobuf.util.JsonFormat;
import io.apicurio.registry.serde.avro.AvroKafkaDeserializer;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import io.apicurio.registry.serde.jsonschema.JsonSchemaKafkaDeserializer;
import io.apicurio.registry.serde.jsonschema.JsonSchemaKafkaSerializer;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/** Writes, reads and aggregates records whose schemas lie in a registry, with what Java's users have for it. */
public final class Peer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Schema STRING = Schema.create(Schema.Type.STRING);
    private static final Schema SPEND = new Schema.Parser().parse(
        "{\"type\":\"record\",\"name\":\"Spend\",\"namespace\":\"com.example\",\"fields\":[{\"name\":\"cents\",\"type\":\"long\"}]}");

    private final String brokers;
    private final String registry;

    private Peer(String brokers, String registry) {
        this.brokers = brokers;
        this.registry = registry;
    }

    /** brokers, URL of the registry without path, what to do, and what that takes. */
    public static void main(String[] args) throws Exception {
        Peer peer = new Peer(args[0], args[1]);
        switch (args[2]) {
            case "read" -> peer.read(args[3], args[4]);
            case "write" -> peer.write(args[3], args[4], args[5], args[6]);
            case "streams" -> peer.streams(args[3]);
            default -> throw new IllegalArgumentException(args[2]);
        }
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("apicurio.registry.url", registry + "/apis/registry/v2");
        settings.put("apicurio.registry.as-confluent", true);
        settings.put("apicurio.registry.use-id", "contentId");
        settings.put("apicurio.registry.headers.enabled", false);
        settings.put("apicurio.registry.auto-register", true);
        settings.put("apicurio.registry.auto-register.if-exists", "RETURN_OR_UPDATE");
        settings.put("apicurio.registry.artifact-resolver-strategy", "io.apicurio.registry.serde.strategy.TopicIdStrategy");
        settings.put("apicurio.registry.deserializer.value.return-class", JsonNode.class.getName());
        return settings;
    }

    private <T> Serde<T> avro(boolean isKey) {
        AvroKafkaSerializer<T> serializer = new AvroKafkaSerializer<>();
        AvroKafkaDeserializer<T> deserializer = new AvroKafkaDeserializer<>();
        serializer.configure(settings(), isKey);
        deserializer.configure(settings(), isKey);
        return Serdes.serdeFrom(serializer, deserializer);
    }

    /** Avro's strings are no Strings when they are read. */
    private Serde<String> avroString() {
        Serde<Object> inner = avro(true);
        return Serdes.serdeFrom(
            (topic, value) -> inner.serializer().serialize(topic, value),
            (topic, bytes) -> bytes == null ? null : inner.deserializer().deserialize(topic, bytes).toString());
    }

    private void streams(String directory) throws Exception {
        StreamsBuilder builder = new StreamsBuilder();
        Serde<GenericRecord> values = avro(false);
        builder.stream("order", Consumed.with(Serdes.String(), values))
            .groupBy((key, order) -> order.get("customer").toString(), Grouped.with("by-customer", avroString(), values))
            .aggregate(
                () -> spend(0),
                (key, order, total) -> spend((long) total.get("cents") + (long) order.get("cents")),
                Materialized.<String, GenericRecord, org.apache.kafka.streams.state.KeyValueStore<org.apache.kafka.common.utils.Bytes, byte[]>>as("totals")
                    .withKeySerde(avroString()).withValueSerde(values))
            .toStream()
            .to("spend", Produced.with(avroString(), values));
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, "spending");
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        config.put(StreamsConfig.STATE_DIR_CONFIG, directory);
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 50);
        config.put("auto.offset.reset", "earliest");
        config.put("session.timeout.ms", "6000");
        try (KafkaStreams streams = new KafkaStreams(builder.build(), config)) {
            streams.start();
            System.in.readAllBytes();
            streams.close(new KafkaStreams.CloseOptions().leaveGroup(true).timeout(Duration.ofSeconds(30)));
        }
    }

    private static GenericRecord spend(long cents) {
        GenericRecord record = new GenericData.Record(SPEND);
        record.put("cents", cents);
        return record;
    }

    /** Prints every committed record as a line of JSON: key as text, value as Java's users see it. */
    private void read(String format, String topic) throws Exception {
        Map<String, Object> config = Map.of("bootstrap.servers", brokers, "isolation.level", "read_committed", "auto.offset.reset", "earliest");
        Deserializer<Object> values = deserializer(format);
        Serde<String> keys = avroString();
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (PartitionInfo each : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, each.partition()));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.get(each))) {
                for (var record : consumer.poll(Duration.ofMillis(200))) {
                    byte[] key = record.key();
                    boolean isPlain = key.length == 0 || key[0] != 0;
                    String text = isPlain ? new String(key) : keys.deserializer().deserialize(topic, key);
                    Object value = values.deserialize(topic, record.value());
                    System.out.println(JSON.writeValueAsString(Map.of("key", text, "value", value.toString())));
                }
            }
        }
    }

    /** `schema`: the schema's text, or for Protobuf the subject that has it. */
    private void write(String format, String topic, String schema, String json) throws Exception {
        Map<String, Object> config = Map.of("bootstrap.servers", brokers);
        byte[] bytes = switch (format) {
            case "avro" -> {
                Schema parsed = new Schema.Parser().parse(schema);
                Object value = new GenericDatumReader<>(parsed).read(null, DecoderFactory.get().jsonDecoder(parsed, json));
                yield this.<Object>avro(false).serializer().serialize(topic, value);
            }
            case "json" -> {
                Map<String, Object> settings = settings();
                // The schema is the one that the subject has.
                settings.put("apicurio.registry.auto-register", false);
                settings.put("apicurio.registry.find-latest", true);
                Serializer<JsonNode> serializer = new JsonSchemaKafkaSerializer<>();
                serializer.configure(settings, false);
                yield serializer.serialize(topic, JSON.readTree(json));
            }
            default -> protobuf(schema, json);
        };
        try (var producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, "java".getBytes(), bytes)).get();
        }
    }

    private Deserializer<Object> deserializer(String format) {
        switch (format) {
            case "avro":
                return this.<Object>avro(false).deserializer();
            case "json":
                Deserializer<Object> json = new JsonSchemaKafkaDeserializer<>();
                json.configure(settings(), false);
                return json;
            default:
                return (topic, bytes) -> readProtobuf(bytes);
        }
    }

    // Apicurio's Protobuf serdes have a form of their own. This is the documented one: a zero byte, the id, the place of the
    // message in its file, and what protobuf-java makes of the rest.

    private String readProtobuf(byte[] bytes) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            if (buffer.get() != 0) throw new IllegalArgumentException("no magic byte");
            FileDescriptor file = fileOf(ask("/schemas/ids/" + buffer.getInt()));
            List<Integer> path = new ArrayList<>();
            int count = varint(buffer);
            if (count == 0) path.add(0);
            for (int at = 0; at < count; at++) path.add(varint(buffer));
            Descriptor message = file.getMessageTypes().get(path.get(0));
            for (int index : path.subList(1, path.size())) message = message.getNestedTypes().get(index);
            DynamicMessage read = DynamicMessage.parseFrom(message, com.google.protobuf.ByteString.copyFrom(buffer));
            return message.getFullName() + JsonFormat.printer().omittingInsignificantWhitespace().print(read);
        } catch (Exception problem) {
            throw new IllegalStateException(problem);
        }
    }

    private byte[] protobuf(String subject, String json) throws Exception {
        JsonNode version = ask("/subjects/" + subject + "/versions/latest");
        Descriptor message = fileOf(version).getMessageTypes().get(1);
        DynamicMessage.Builder value = DynamicMessage.newBuilder(message);
        JsonFormat.parser().merge(json, value);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(0);
        bytes.write(ByteBuffer.allocate(4).putInt(version.get("id").asInt()).array());
        // One step, to the second message.
        bytes.write(new byte[] {2, 2});
        value.build().writeTo(bytes);
        return bytes.toByteArray();
    }

    private FileDescriptor fileOf(JsonNode schema) throws Exception {
        FileDescriptorProto file = FileDescriptorProto.parseFrom(Base64.getDecoder().decode(schema.get("schema").asText()));
        List<FileDescriptor> imports = new ArrayList<>();
        imports.add(TimestampProto.getDescriptor());
        if (schema.has("references")) {
            for (JsonNode each : schema.get("references")) {
                String subject = java.net.URLEncoder.encode(each.get("subject").asText(), "UTF-8");
                imports.add(fileOf(ask("/subjects/" + subject + "/versions/" + each.get("version"))));
            }
        }
        return FileDescriptor.buildFrom(file, imports.toArray(new FileDescriptor[0]), true);
    }

    private JsonNode ask(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/apis/ccompat/v7" + path)).build();
        return JSON.readTree(HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    private static int varint(ByteBuffer buffer) {
        int raw = 0;
        for (int shift = 0; ; shift += 7) {
            byte part = buffer.get();
            raw |= (part & 0x7f) << shift;
            if (part >= 0) return (raw >>> 1) ^ -(raw & 1);
        }
    }
}
