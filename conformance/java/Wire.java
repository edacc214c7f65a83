import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Utils;

/**
 * Kafka's own encoders and decoders behind a pipe: one JSON command per line in, one JSON answer per line out.
 * Run as a single source file: java -cp 'target/lib/*' Wire.java
 */
public class Wire {
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode command = JSON.readTree(line);
            ObjectNode answer = JSON.createObjectNode();
            try {
                answer(command, answer);
            } catch (Exception error) {
                Throwable cause = error.getCause() == null ? error : error.getCause();
                answer.put("error", cause.toString());
            }
            out.println(JSON.writeValueAsString(answer));
        }
        out.flush();
    }

    private static void answer(JsonNode command, ObjectNode answer) throws Exception {
        switch (command.get("op").asText()) {
            case "message" -> answer.put("bytes", base64(message(command)));
            case "default" -> answer.put("bytes", base64(untouched(command)));
            case "batch" -> answer.put("bytes", base64(batch(command)));
            case "control" -> answer.put("bytes", base64(control(command)));
            case "read" -> read(command, answer.putArray("batches"));
            case "murmur2" -> answer.put("hash", Utils.murmur2(bytes(command.get("bytes"))));
            case "errors" -> errors(answer.putArray("errors"));
            default -> throw new IllegalArgumentException("unknown op " + command);
        }
    }

    private static ByteBuffer message(JsonNode command) throws Exception {
        short version = (short) command.get("version").asInt();
        Class<?> converter = Class.forName(command.get("class").asText() + "JsonConverter");
        Message message = (Message) converter.getMethod("read", JsonNode.class, short.class)
            .invoke(null, command.get("json"), version);
        return MessageUtil.toByteBufferAccessor(message, version).buffer();
    }

    private static ByteBuffer untouched(JsonNode command) throws Exception {
        Message message = (Message) Class.forName(command.get("class").asText()).getConstructor().newInstance();
        return MessageUtil.toByteBufferAccessor(message, (short) command.get("version").asInt()).buffer();
    }

    private static ByteBuffer batch(JsonNode command) {
        Compression compression = Compression.of(CompressionType.forName(command.get("compression").asText())).build();
        boolean appendTime = command.get("appendTime").asBoolean();
        MemoryRecordsBuilder builder = MemoryRecords.builder(
            ByteBuffer.allocate(1024), RecordBatch.MAGIC_VALUE_V2, compression,
            appendTime ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME,
            command.get("baseOffset").asLong(), appendTime ? 1_700_000_000_123L : RecordBatch.NO_TIMESTAMP,
            command.get("producerId").asLong(), (short) command.get("producerEpoch").asInt(),
            command.get("baseSequence").asInt(), command.get("transactional").asBoolean(), false,
            command.get("leaderEpoch").asInt());
        for (JsonNode record : command.get("records")) {
            List<Header> headers = new ArrayList<>();
            for (JsonNode header : record.get("headers")) {
                headers.add(new RecordHeader(header.get("key").asText(), bytes(header.get("value"))));
            }
            builder.append(record.get("timestamp").asLong(), bytes(record.get("key")), bytes(record.get("value")),
                headers.toArray(new Header[0]));
        }
        return builder.build().buffer();
    }

    private static ByteBuffer control(JsonNode command) {
        ControlRecordType type = ControlRecordType.valueOf(command.get("type").asText().toUpperCase());
        return MemoryRecords.withEndTransactionMarker(
            command.get("baseOffset").asLong(), command.get("timestamp").asLong(), command.get("leaderEpoch").asInt(),
            command.get("producerId").asLong(), (short) command.get("producerEpoch").asInt(),
            new EndTransactionMarker(type, command.get("coordinatorEpoch").asInt())).buffer();
    }

    private static void read(JsonNode command, ArrayNode batches) {
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(command.get("bytes"))));
        for (MutableRecordBatch batch : records.batches()) {
            batch.ensureValid();
            ObjectNode one = batches.addObject();
            one.put("baseOffset", batch.baseOffset());
            one.put("lastOffset", batch.lastOffset());
            one.put("leaderEpoch", batch.partitionLeaderEpoch());
            one.put("compression", batch.compressionType().name);
            one.put("timestampType", batch.timestampType().name);
            one.put("maxTimestamp", batch.maxTimestamp());
            one.put("producerId", batch.producerId());
            one.put("producerEpoch", batch.producerEpoch());
            one.put("baseSequence", batch.baseSequence());
            one.put("isTransactional", batch.isTransactional());
            one.put("isControl", batch.isControlBatch());
            one.put("recordCount", batch.countOrNull());
            one.put("sizeInBytes", batch.sizeInBytes());
            ArrayNode list = one.putArray("records");
            for (Record record : batch) describe(record, list.addObject());
        }
    }

    private static void describe(Record record, ObjectNode one) {
        one.put("offset", record.offset());
        one.put("timestamp", record.timestamp());
        one.put("key", base64(record.key()));
        one.put("value", base64(record.value()));
        ArrayNode headers = one.putArray("headers");
        for (Header header : record.headers()) {
            headers.addObject().put("key", header.key())
                .put("value", header.value() == null ? null : base64(ByteBuffer.wrap(header.value())));
        }
    }

    private static void errors(ArrayNode errors) {
        for (Errors error : Errors.values()) {
            errors.addObject().put("code", error.code()).put("name", error.name())
                .put("retriable", error.exception() instanceof RetriableException);
        }
    }

    private static byte[] bytes(JsonNode text) {
        return text == null || text.isNull() ? null : Base64.getDecoder().decode(text.asText());
    }

    private static String base64(ByteBuffer buffer) {
        return buffer == null ? null : Base64.getEncoder().encodeToString(Utils.toArray(buffer));
    }
}
