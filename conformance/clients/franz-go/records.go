package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type recordIn struct {
	Key       *string      `json:"key"`
	Value     *string      `json:"value"`
	Headers   [][2]*string `json:"headers"`
	Timestamp *int64       `json:"timestamp"`
	Partition *int32       `json:"partition"`
}

type writeArgs struct {
	Handle          string     `json:"handle"`
	Topic           string     `json:"topic"`
	Records         []recordIn `json:"records"`
	Codec           string     `json:"codec"`
	Acks            *int       `json:"acks"`
	Idempotent      bool       `json:"idempotent"`
	MaxRequestBytes int32      `json:"maxRequestBytes"`
	TransactionalID string     `json:"transactionalId"`
	TimeoutMs       int        `json:"timeoutMs"`
}

func bytesOf(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

func textOf(data []byte) any {
	if data == nil {
		return nil
	}
	return string(data)
}

// chosenOrHashed takes the partition of a record that names one, and the hash of the key, as Java does, of any other.
type chosenOrHashed struct{ hashed kgo.TopicPartitioner }

const unchosen = -1

func (c chosenOrHashed) RequiresConsistency(*kgo.Record) bool { return true }
func (c chosenOrHashed) Partition(r *kgo.Record, n int) int {
	if r.Partition != unchosen {
		return int(r.Partition)
	}
	return c.hashed.Partition(r, n)
}

func (p *program) newProducer(args writeArgs) (*kgo.Client, error) {
	codecs := map[string]kgo.CompressionCodec{
		"": kgo.NoCompression(), "none": kgo.NoCompression(), "gzip": kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	options := append([]kgo.Opt{
		kgo.ProducerBatchCompression(codecs[args.Codec]),
		kgo.RecordRetries(20),
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(func(topic string) func(*kgo.Record, int) int {
			return chosenOrHashed{kgo.StickyKeyPartitioner(nil).ForTopic(topic)}.Partition
		})),
	}, p.options...)
	if args.TransactionalID != "" {
		timeout := time.Duration(max(args.TimeoutMs, 1)) * time.Millisecond
		if args.TimeoutMs == 0 {
			timeout = time.Minute
		}
		return kgo.NewClient(append(options, kgo.TransactionalID(args.TransactionalID), kgo.TransactionTimeout(timeout))...)
	}
	if args.Acks != nil && *args.Acks >= 0 {
		acks := kgo.NoAck()
		if *args.Acks == 1 {
			acks = kgo.LeaderAck()
		}
		options = append(options, kgo.RequiredAcks(acks))
	}
	if !args.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	if args.MaxRequestBytes > 0 {
		options = append(options, kgo.ProducerBatchMaxBytes(args.MaxRequestBytes))
	}
	return kgo.NewClient(options...)
}

func send(ctx context.Context, client *kgo.Client, args writeArgs) (any, error) {
	records := []*kgo.Record{}
	for _, in := range args.Records {
		record := &kgo.Record{Topic: args.Topic, Key: bytesOf(in.Key), Value: bytesOf(in.Value), Partition: unchosen}
		if in.Partition != nil {
			record.Partition = *in.Partition
		}
		if in.Timestamp != nil {
			record.Timestamp = time.UnixMilli(*in.Timestamp)
		}
		for _, header := range in.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: *header[0], Value: bytesOf(header[1])})
		}
		records = append(records, record)
	}
	results := client.ProduceSync(ctx, records...)
	if err := results.FirstErr(); err != nil {
		return nil, err
	}
	first := results[0].Record.Offset
	for _, result := range results {
		first = min(first, result.Record.Offset)
	}
	if args.Acks != nil && *args.Acks == 0 {
		return object{"first": nil}, nil
	}
	return object{"first": first}, nil
}

func (p *program) write(ctx context.Context, op string, raw json.RawMessage) (any, error) {
	args := decode[writeArgs](raw)
	client := p.producers[args.Handle]
	switch op {
	case "produce":
		fresh, err := p.newProducer(args)
		if err != nil {
			return nil, err
		}
		defer fresh.Close()
		return send(ctx, fresh, args)
	case "openProducer":
		fresh, err := p.newProducer(args)
		if err != nil {
			return nil, err
		}
		p.producers[args.Handle] = fresh
		_, _, err = fresh.ProducerID(ctx)
		return object{}, err
	case "begin":
		return object{}, client.BeginTransaction()
	case "send":
		_, err := send(ctx, client, args)
		return object{}, err
	case "commit":
		return object{}, client.EndTransaction(ctx, kgo.TryCommit)
	case "abort":
		return object{}, client.EndTransaction(ctx, kgo.TryAbort)
	default:
		delete(p.producers, args.Handle)
		client.Close()
		return object{}, nil
	}
}

type readArgs struct {
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	From      any     `json:"from"`
	Reset     string  `json:"reset"`
	Count     int     `json:"count"`
	Until     *string `json:"until"`
	Isolation string  `json:"isolation"`
	TimeoutMs int     `json:"timeoutMs"`
}

func (p *program) read(ctx context.Context, raw json.RawMessage) (any, error) {
	args := decode[readArgs](raw)
	start, reset := kgo.NewOffset().AtStart(), kgo.NewOffset().AtStart()
	if args.From == "end" {
		start = kgo.NewOffset().AtEnd()
	} else if at, isNumber := args.From.(float64); isNumber {
		start = kgo.NewOffset().At(int64(at))
	}
	if args.Reset == "none" {
		reset = kgo.NoResetOffset()
	}
	isolation := kgo.ReadCommitted()
	if args.Isolation == "read_uncommitted" {
		isolation = kgo.ReadUncommitted()
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{args.Topic: {args.Partition: start}}),
		kgo.ConsumeResetOffset(reset),
		kgo.FetchIsolationLevel(isolation),
		kgo.FetchMaxWait(100 * time.Millisecond),
	}, p.options...)...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	timeout := 10 * time.Second
	if args.TimeoutMs > 0 {
		timeout = time.Duration(args.TimeoutMs) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	records := []object{}
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		for _, one := range fetches.Errors() {
			if ctx.Err() == nil {
				return nil, one.Err
			}
		}
		for _, record := range fetches.Records() {
			records = append(records, recordOut(record))
			isLast := args.Until != nil && record.Value != nil && string(record.Value) == *args.Until
			if isLast || args.Count > 0 && len(records) >= args.Count {
				return object{"records": records}, nil
			}
		}
	}
	return object{"records": records}, nil
}

func recordOut(record *kgo.Record) object {
	headers := [][2]any{}
	for _, header := range record.Headers {
		headers = append(headers, [2]any{header.Key, textOf(header.Value)})
	}
	return object{
		"offset": record.Offset, "key": textOf(record.Key), "value": textOf(record.Value),
		"headers": headers, "timestamp": record.Timestamp.UnixMilli(),
	}
}

type joinArgs struct {
	Handle           string   `json:"handle"`
	Group            string   `json:"group"`
	Topics           []string `json:"topics"`
	Pattern          string   `json:"pattern"`
	Assignor         string   `json:"assignor"`
	InstanceID       string   `json:"instanceId"`
	SessionTimeoutMs int      `json:"sessionTimeoutMs"`
	Protocol         string   `json:"protocol"`
	Reset            string   `json:"reset"`
}

// member takes part in a group: it reads, commits what it read, and tells what it owns.
type member struct {
	client *kgo.Client
	stop   context.CancelFunc
	ended  chan struct{}
	lock   sync.Mutex
	owned  map[string]bool
	values []string
	err    string
}

func (p *program) takePart(op string, raw json.RawMessage) (any, error) {
	args := decode[joinArgs](raw)
	one := p.members[args.Handle]
	switch op {
	case "join":
		fresh, err := p.join(args)
		if err == nil {
			p.members[args.Handle] = fresh
		}
		return object{}, err
	case "member":
		one.lock.Lock()
		defer one.lock.Unlock()
		values := append([]string{}, one.values...)
		return object{"owned": sorted(one.owned), "values": values, "error": one.err}, nil
	default:
		delete(p.members, args.Handle)
		one.stop()
		<-one.ended
		return object{}, nil
	}
}

func (p *program) join(args joinArgs) (*member, error) {
	one := &member{ended: make(chan struct{}), owned: map[string]bool{}, err: "NONE"}
	set := func(owns bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
			one.lock.Lock()
			defer one.lock.Unlock()
			for topic, partitions := range topics {
				for _, partition := range partitions {
					if name := fmt.Sprintf("%s-%d", topic, partition); owns {
						one.owned[name] = true
					} else {
						delete(one.owned, name)
					}
				}
			}
		}
	}
	start := kgo.NewOffset().AtStart()
	if args.Reset == "latest" {
		start = kgo.NewOffset().AtEnd()
	}
	options := append([]kgo.Opt{
		kgo.ConsumerGroup(args.Group),
		kgo.ConsumeResetOffset(start),
		kgo.DisableAutoCommit(),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.OnPartitionsAssigned(set(true)),
		kgo.OnPartitionsRevoked(set(false)),
		kgo.OnPartitionsLost(set(false)),
	}, p.options...)
	if args.Pattern != "" {
		options = append(options, kgo.ConsumeRegex(), kgo.ConsumeTopics(args.Pattern))
	} else {
		options = append(options, kgo.ConsumeTopics(args.Topics...))
	}
	if args.InstanceID != "" {
		options = append(options, kgo.InstanceID(args.InstanceID))
	}
	balancers := map[string]kgo.GroupBalancer{
		"": kgo.RangeBalancer(), "range": kgo.RangeBalancer(), "roundrobin": kgo.RoundRobinBalancer(),
		"sticky": kgo.StickyBalancer(), "cooperative-sticky": kgo.CooperativeStickyBalancer(), "uniform": kgo.StickyBalancer(),
	}
	options = append(options, kgo.Balancers(balancers[args.Assignor]))
	if args.Protocol == "consumer" {
		options = append(options, kgo.ServerSideBalancer())
	} else {
		options = append(options, kgo.HeartbeatInterval(300*time.Millisecond))
		if args.SessionTimeoutMs > 0 {
			options = append(options, kgo.SessionTimeout(time.Duration(args.SessionTimeoutMs)*time.Millisecond))
		}
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	one.client, one.stop = client, stop
	go one.loop(ctx)
	return one, nil
}

func (m *member) loop(ctx context.Context) {
	defer close(m.ended)
	defer m.client.Close()
	for ctx.Err() == nil {
		fetches := m.client.PollFetches(ctx)
		if errs := fetches.Errors(); len(errs) > 0 && ctx.Err() == nil {
			m.lock.Lock()
			m.err = nameOf(errs[0].Err)
			m.lock.Unlock()
			continue
		}
		records := fetches.Records()
		if len(records) == 0 {
			continue
		}
		m.lock.Lock()
		for _, record := range records {
			m.values = append(m.values, string(record.Value))
		}
		m.lock.Unlock()
		// A rebalance in between refuses the commit, and who owns the partition now reads the records again.
		_ = m.client.CommitRecords(ctx, records...)
	}
}
