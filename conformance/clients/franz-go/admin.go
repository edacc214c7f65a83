package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
)

type adminArgs struct {
	Topics []struct {
		Name       string            `json:"name"`
		Partitions int32             `json:"partitions"`
		Configs    map[string]string `json:"configs"`
	} `json:"topics"`
	ValidateOnly bool              `json:"validateOnly"`
	Names        []string          `json:"names"`
	Topic        string            `json:"topic"`
	Count        int               `json:"count"`
	Name         string            `json:"name"`
	Type         string            `json:"type"`
	Keys         []string          `json:"keys"`
	Set          map[string]string `json:"set"`
	Remove       []string          `json:"remove"`
	Partition    int32             `json:"partition"`
	Offset       int64             `json:"offset"`
	At           any               `json:"at"`
	Group        string            `json:"group"`
	Partitions   []int32           `json:"partitions"`
	Offsets      []offset          `json:"offsets"`
}

type offset struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

func (p *program) administer(ctx context.Context, op string, raw json.RawMessage) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	args := decode[adminArgs](raw)
	switch op {
	case "createTopics":
		return p.createTopics(ctx, args)
	case "deleteTopics":
		result := object{}
		responses, err := p.admin.DeleteTopics(ctx, args.Names...)
		for name, one := range responses {
			result[name] = outcome(one.Err)
		}
		return result, err
	case "createPartitions":
		responses, err := p.admin.UpdatePartitions(ctx, args.Count, args.Topic)
		if err == nil {
			err = responses.Error()
		}
		return object{}, err
	case "listTopics":
		topics, err := p.admin.ListTopics(ctx)
		return topics.Names(), err
	case "describeTopic":
		return p.describeTopic(ctx, args.Name)
	case "describeCluster":
		metadata, err := p.admin.BrokerMetadata(ctx)
		return object{"brokers": len(metadata.Brokers), "controller": metadata.Controller, "clusterId": metadata.Cluster}, err
	case "describeConfigs":
		return p.describeConfigs(ctx, args)
	case "alterConfigs":
		return p.alterConfigs(ctx, args)
	case "deleteRecords":
		offsets := kadm.Offsets{}
		offsets.AddOffset(args.Topic, args.Partition, args.Offset, -1)
		responses, err := p.admin.DeleteRecords(ctx, offsets)
		if err != nil {
			return nil, err
		}
		one, _ := responses.Lookup(args.Topic, args.Partition)
		return object{"low": one.LowWatermark}, one.Err
	default:
		return p.listOffset(ctx, args)
	}
}

func outcome(err error) string {
	if err == nil {
		return "NONE"
	}
	return nameOf(err)
}

func (p *program) createTopics(ctx context.Context, args adminArgs) (any, error) {
	create := p.admin.CreateTopics
	if args.ValidateOnly {
		create = p.admin.ValidateCreateTopics
	}
	result := object{}
	for _, topic := range args.Topics {
		configs := map[string]*string{}
		for name, value := range topic.Configs {
			configs[name] = &value
		}
		responses, err := create(ctx, topic.Partitions, 1, configs, topic.Name)
		if err == nil {
			err = responses[topic.Name].Err
		}
		result[topic.Name] = outcome(err)
	}
	return result, nil
}

func (p *program) describeTopic(ctx context.Context, name string) (any, error) {
	topics, err := p.admin.ListTopics(ctx, name)
	if err != nil {
		return nil, err
	}
	topic := topics[name]
	if topic.Err != nil {
		return nil, topic.Err
	}
	partitions := []object{}
	for _, one := range topic.Partitions.Sorted() {
		partitions = append(partitions, object{"partition": one.Partition, "leader": one.Leader, "replicas": one.Replicas})
	}
	return object{"id": topic.ID.String(), "partitions": partitions}, nil
}

func (p *program) describeConfigs(ctx context.Context, args adminArgs) (any, error) {
	resources, err := p.admin.DescribeTopicConfigs(ctx, args.Name)
	if err != nil {
		return nil, err
	}
	resource, err := resources.On(args.Name, nil)
	if err == nil {
		err = resource.Err
	}
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, key := range args.Keys {
		wanted[key] = true
	}
	result := object{}
	for _, config := range resource.Configs {
		if len(wanted) == 0 || wanted[config.Key] {
			isDefault := config.Source == kmsg.ConfigSourceDefaultConfig
			result[config.Key] = object{
				"value": config.Value, "isDefault": isDefault, "isReadOnly": false, "isSensitive": config.Sensitive,
			}
		}
	}
	return result, nil
}

func (p *program) alterConfigs(ctx context.Context, args adminArgs) (any, error) {
	alter := p.admin.AlterTopicConfigs
	if args.ValidateOnly {
		alter = p.admin.ValidateAlterTopicConfigs
	}
	changes := []kadm.AlterConfig{}
	for name, value := range args.Set {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: &value})
	}
	for _, name := range args.Remove {
		changes = append(changes, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: name})
	}
	responses, err := alter(ctx, changes, args.Name)
	if err != nil {
		return nil, err
	}
	one, err := responses.On(args.Name, nil)
	if err == nil {
		err = one.Err
	}
	return object{}, err
}

func (p *program) listOffset(ctx context.Context, args adminArgs) (any, error) {
	var listed kadm.ListedOffsets
	var err error
	switch at := args.At.(type) {
	case float64:
		listed, err = p.admin.ListOffsetsAfterMilli(ctx, int64(at), args.Topic)
	default:
		switch at {
		case "earliest":
			listed, err = p.admin.ListStartOffsets(ctx, args.Topic)
		case "latest":
			listed, err = p.admin.ListEndOffsets(ctx, args.Topic)
		default:
			listed, err = p.admin.ListMaxTimestampOffsets(ctx, args.Topic)
		}
	}
	if err != nil {
		return nil, err
	}
	one, found := listed.Lookup(args.Topic, args.Partition)
	if !found {
		return nil, fmt.Errorf("NOT_LISTED: %s", args.Topic)
	}
	if one.Err != nil {
		return nil, one.Err
	}
	result := object{"offset": one.Offset, "timestamp": one.Timestamp}
	if one.Offset < 0 {
		result["offset"] = nil
	}
	return result, nil
}

func (p *program) administerGroups(ctx context.Context, op string, raw json.RawMessage) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	args := decode[adminArgs](raw)
	switch op {
	case "listGroups":
		groups, err := p.admin.ListGroups(ctx)
		return groups.Groups(), err
	case "describeGroup":
		return p.describeGroup(ctx, args.Group)
	case "deleteGroup":
		one, err := p.admin.DeleteGroup(ctx, args.Group)
		if err == nil {
			err = one.Err
		}
		return object{}, err
	case "committed":
		fetched, err := p.admin.FetchOffsetsForTopics(ctx, args.Group, args.Topic)
		offsets := []any{}
		for _, partition := range args.Partitions {
			one, found := fetched.Lookup(args.Topic, partition)
			if !found || one.At < 0 {
				offsets = append(offsets, nil)
			} else {
				offsets = append(offsets, one.At)
			}
		}
		return object{"offsets": offsets}, err
	case "commitOffsets":
		offsets := kadm.Offsets{}
		for _, one := range args.Offsets {
			offsets.AddOffset(one.Topic, one.Partition, one.Offset, -1)
		}
		return object{}, p.admin.CommitAllOffsets(ctx, args.Group, offsets)
	default:
		set := kadm.TopicsSet{}
		set.Add(args.Topic, args.Partition)
		deleted, err := p.admin.DeleteOffsets(ctx, args.Group, set)
		if err == nil {
			err = deleted.Error()
		}
		return object{}, err
	}
}

func (p *program) describeGroup(ctx context.Context, group string) (any, error) {
	consumers, err := p.admin.DescribeConsumerGroups(ctx, group)
	if one, found := consumers[group]; err == nil && found && one.Err == nil {
		return object{"state": one.State, "members": len(one.Members), "assignor": one.AssignorName}, nil
	}
	classics, err := p.admin.DescribeGroups(ctx, group)
	if err != nil {
		return nil, err
	}
	one := classics[group]
	return object{"state": one.State, "members": len(one.Members), "assignor": one.Protocol}, one.Err
}

func sorted(names map[string]bool) []string {
	result := []string{}
	for name := range names {
		result = append(result, name)
	}
	sort.Strings(result)
	return result
}
