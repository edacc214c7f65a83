// A program around franz-go: a line of JSON in is an operation, a line out its answer. See programs/operations.ts.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

type settings struct {
	ClientID  string `json:"clientId"`
	Protocol  string `json:"protocol"`
	Mechanism string `json:"mechanism"`
	Username  string `json:"username"`
	Password  string `json:"password"`
	CaFile    string `json:"caFile"`
	CertFile  string `json:"certFile"`
	KeyFile   string `json:"keyFile"`
	TokenFile string `json:"tokenFile"`
}

// program holds what outlives an operation.
type program struct {
	options   []kgo.Opt
	admin     *kadm.Client
	producers map[string]*kgo.Client
	members   map[string]*member
}

type request struct {
	ID   int             `json:"id"`
	Op   string          `json:"op"`
	Args json.RawMessage `json:"args"`
}

type object map[string]any

func main() {
	var chosen settings
	must(json.Unmarshal([]byte(os.Args[2]), &chosen))
	p := &program{options: optionsOf(os.Args[1], chosen), producers: map[string]*kgo.Client{}, members: map[string]*member{}}
	client, err := kgo.NewClient(p.options...)
	must(err)
	p.admin = kadm.NewClient(client)
	p.admin.SetTimeoutMillis(8000)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		must(json.Unmarshal(lines.Bytes(), &asked))
		answer := object{"id": asked.ID}
		if result, err := p.run(context.Background(), asked.Op, asked.Args); err != nil {
			answer["error"], answer["message"] = nameOf(err), err.Error()
		} else {
			answer["result"] = result
		}
		must(out.Encode(answer))
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// nameOf is the protocol's name of an error where it is one of a broker.
func nameOf(err error) string {
	var ours *kerr.Error
	if errors.As(err, &ours) {
		return ours.Message
	}
	return strings.SplitN(err.Error(), ":", 2)[0]
}

func optionsOf(bootstrap string, s settings) []kgo.Opt {
	options := []kgo.Opt{
		kgo.SeedBrokers(bootstrap),
		kgo.ClientID(s.ClientID),
		kgo.WithLogger(kgo.BasicLogger(os.Stderr, kgo.LogLevelWarn, nil)),
		kgo.RetryTimeout(8_000_000_000),
		kgo.UnknownTopicRetries(4),
	}
	if strings.HasSuffix(s.Protocol, "SSL") {
		config := &tls.Config{RootCAs: x509.NewCertPool()}
		if s.CaFile != "" {
			pem, err := os.ReadFile(s.CaFile)
			must(err)
			config.RootCAs.AppendCertsFromPEM(pem)
		}
		if s.CertFile != "" {
			pair, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
			must(err)
			config.Certificates = []tls.Certificate{pair}
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	if mechanism := mechanismOf(s); mechanism != nil {
		options = append(options, kgo.SASL(mechanism))
	}
	return options
}

func mechanismOf(s settings) sasl.Mechanism {
	switch s.Mechanism {
	case "PLAIN":
		return plain.Auth{User: s.Username, Pass: s.Password}.AsMechanism()
	case "SCRAM-SHA-256":
		return scram.Auth{User: s.Username, Pass: s.Password}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: s.Username, Pass: s.Password}.AsSha512Mechanism()
	case "OAUTHBEARER":
		token, err := os.ReadFile(s.TokenFile)
		must(err)
		return oauth.Auth{Token: string(token)}.AsMechanism()
	}
	return nil
}

func (p *program) run(ctx context.Context, op string, raw json.RawMessage) (any, error) {
	switch op {
	case "createTopics", "deleteTopics", "createPartitions", "listTopics", "describeTopic", "describeCluster",
		"describeConfigs", "alterConfigs", "deleteRecords", "listOffset":
		return p.administer(ctx, op, raw)
	case "listGroups", "describeGroup", "deleteGroup", "committed", "commitOffsets", "deleteOffsets":
		return p.administerGroups(ctx, op, raw)
	case "produce", "openProducer", "begin", "send", "commit", "abort", "closeProducer":
		return p.write(ctx, op, raw)
	case "read":
		return p.read(ctx, raw)
	case "join", "member", "leave":
		return p.takePart(op, raw)
	}
	return nil, fmt.Errorf("%s is not here", op)
}

func decode[T any](raw json.RawMessage) T {
	var value T
	must(json.Unmarshal(raw, &value))
	return value
}
