import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.ProcessorWrapper;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.WrappedFixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.WrappedProcessorSupplier;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.ProcessorRecordContext;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.test.TestRecord;

/**
 * Several records in one commit, although the driver commits after each: they travel as one, and the first processor that it
 * reaches is given them one by one, each under its own time and headers.
 */
public final class Batches implements ProcessorWrapper {
  private static final String MARK = "batch:";

  static void pipe(TopologyTestDriver driver, JsonNode records) {
    JsonNode last = records.get(records.size() - 1);
    var topic = driver.createInputTopic(last.get("topic").asText(), new ByteArraySerializer(), new ByteArraySerializer());
    byte[] value = (MARK + records).getBytes(StandardCharsets.UTF_8);
    topic.pipeInput(new TestRecord<>(null, value, Golden.headers(last), last.get("timestamp").asLong()));
  }

  @Override
  public <KIn, VIn, KOut, VOut> WrappedProcessorSupplier<KIn, VIn, KOut, VOut> wrapProcessorSupplier(
      String name, ProcessorSupplier<KIn, VIn, KOut, VOut> supplier) {
    return new WrappedProcessorSupplier<>() {
      @Override
      public Processor<KIn, VIn, KOut, VOut> get() {
        return new OneByOne<>(supplier.get());
      }

      @Override
      public Set<StoreBuilder<?>> stores() {
        return supplier.stores();
      }
    };
  }

  @Override
  public <KIn, VIn, VOut> WrappedFixedKeyProcessorSupplier<KIn, VIn, VOut> wrapFixedKeyProcessorSupplier(
      String name, FixedKeyProcessorSupplier<KIn, VIn, VOut> supplier) {
    return ProcessorWrapper.asWrappedFixedKey(supplier);
  }

  private static final class OneByOne<KIn, VIn, KOut, VOut> implements Processor<KIn, VIn, KOut, VOut> {
    private final Processor<KIn, VIn, KOut, VOut> wrapped;
    private InternalProcessorContext<KOut, VOut> context;

    OneByOne(Processor<KIn, VIn, KOut, VOut> wrapped) {
      this.wrapped = wrapped;
    }

    @Override
    public void init(ProcessorContext<KOut, VOut> given) {
      context = (InternalProcessorContext<KOut, VOut>) given;
      wrapped.init(given);
    }

    @Override
    public void close() {
      wrapped.close();
    }

    @Override
    @SuppressWarnings("unchecked")
    public void process(Record<KIn, VIn> record) {
      if (!(record.value() instanceof String text) || !text.startsWith(MARK)) {
        wrapped.process(record);
        return;
      }
      ProcessorRecordContext whole = context.recordContext();
      for (JsonNode each : parsed(text)) {
        long timestamp = each.get("timestamp").asLong();
        Headers headers = Golden.headers(each);
        context.setRecordContext(
            new ProcessorRecordContext(timestamp, whole.offset(), whole.partition(), whole.topic(), headers));
        wrapped.process(new Record<>((KIn) textOf(each.get("key")), (VIn) textOf(each.get("value")), timestamp, headers));
      }
      context.setRecordContext(whole);
    }

    private static JsonNode parsed(String text) {
      try {
        return Golden.JSON.readTree(text.substring(MARK.length()));
      } catch (JsonProcessingException failure) {
        throw new IllegalArgumentException(failure);
      }
    }

    private static String textOf(JsonNode hex) {
      return hex.isNull() ? null : new String(Golden.bytes(hex), StandardCharsets.UTF_8);
    }
  }
}
