import { serdes } from '@millrace/contracts'
import { streamsError } from '../../errors.ts'
import {
  type ForeignKeyOf,
  foreignTableOperator,
  responseJoinOperator,
  subscriptionJoinOperator,
  subscriptionReceiveOperator,
  subscriptionSendOperator,
} from '../foreign-key/foreign-key-join.ts'
import { type PerTask, perTask } from '../foreign-key/per-task.ts'
import { SecondQuestions } from '../foreign-key/second-questions.ts'
import { responseSerde, type SubscriptionResponse, subscriptionSerde } from '../foreign-key/subscription-serde.ts'
import type { RowJoiner } from '../operators/table-join.ts'
import { tableSourceOperator } from '../operators/table-source.ts'
import { derivedValueSerde } from '../serdes/derived-serdes.ts'
import { type GraphNode, graphNode, type PhysicalWriter } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import { checkedName, type GraphBuilder } from './graph-builder.ts'
import type { AsTableOptions, Table } from './table.ts'
import { rowsSpec, tableTraits } from './table-spec.ts'

export interface ForeignKeyJoin {
  readonly foreignKeyOf: ForeignKeyOf
  readonly joiner: RowJoiner
  readonly isLeft: boolean
  readonly options: AsTableOptions
}

/**
 * Joins rows with those of another table that a value of theirs points at. Rows subscribe at the partition of their
 * foreign key through one internal topic, and are answered through another (KIP-213).
 */
export function joinByForeignKey(left: Table, right: Table, join: ForeignKeyJoin): Table {
  const { builder } = left.state
  if (typeof join.foreignKeyOf !== 'function') {
    throw streamsError('STREAMS_TOPOLOGY_INVALID', 'foreignKey must be a function: (value, key) => the key to look up')
  }
  const names = joinNames(builder, join.options)
  const questions = perTask(() => new SecondQuestions())
  const foreignValueSerde = right.state.valueSerde ?? derivedValueSerde
  const parts = { left, right, join, names, foreignValueSerde, questions }
  const asking = builder.add(askingNode(parts))
  const sources = [...left.state.sources, names.responseSource]
  const keySerde = left.state.keySerde
  const valueSerde = join.options.value
  const store = { name: names.resultStore, keySerde, valueSerde: valueSerde ?? derivedValueSerde }
  const spec = rowsSpec(store, join.options)
  const table = tableTraits({ store: spec, storeOnDemand: join.options.store === undefined, from: [] })
  const result: GraphNode = builder.add(
    graphNode({
      name: names.result,
      parents: [asking],
      joins: sources,
      table,
      write(writer) {
        const { facts } = writer
        const primary = facts.lookupOf(left.state.node)
        const topic = names.responseTopic
        const serde = responseSerde(parts.foreignValueSerde)
        writer.source({ name: names.responseSource, topic, internal: true, keySerde, valueSerde: serde })
        const resolve = { ...join, primary, ...ownSerdes(writer, parts), questions }
        writer.processor({
          name: names.resolver,
          parents: [names.responseSource],
          create: responseJoinOperator(resolve),
          readsValue: true,
          stores: primary.stores,
        })
        const kept = facts.storeOf(result)
        const create = tableSourceOperator(kept?.name, facts.sendsOldValues(result))
        const stores = kept ? [kept.name] : []
        writer.processor({ name: names.result, parents: [names.resolver], create, readsValue: true, stores })
      },
    }),
  )
  return builder.make.table({ builder, node: result, keySerde, valueSerde, sources: [...new Set(sources)] })
}

interface Parts {
  readonly left: Table
  readonly right: Table
  readonly join: ForeignKeyJoin
  readonly names: ReturnType<typeof joinNames>
  readonly foreignValueSerde: AnySerde
  readonly questions: PerTask<SecondQuestions>
}

/** From the rows to the foreign side, and on to the topic of its answers. */
function askingNode({ left, right, join, names, foreignValueSerde, questions }: Parts): GraphNode {
  const { keySerde } = left.state
  const foreignKeySerde = right.state.keySerde
  return graphNode({
    name: names.send,
    parents: [left.state.node, right.state.node],
    joins: [...right.state.sources, names.registrationSource],
    asks: [
      { table: right.state.node, needs: 'oldValues' },
      { table: left.state.node, needs: 'oldValues' },
      { table: right.state.node, needs: 'rows' },
      { table: left.state.node, needs: 'rows' },
    ],
    write(writer) {
      const foreign = writer.facts.lookupOf(right.state.node)
      const { foreignKeyOf, isLeft } = join
      const { send, registrationTopic, registrationSource, store, receive, answer, foreignTable } = names
      const processor = (
        name: string,
        parent: string,
        create: ReturnType<typeof tableSourceOperator>,
        stores: readonly string[],
      ) => writer.processor({ name, parents: [parent], create, readsValue: true, stores })
      const registered = { internal: true, keySerde: foreignKeySerde, valueSerde: subscriptionSerde }
      writer.repartitionTopic({ name: registrationTopic, partitions: undefined })
      writer.repartitionTopic({ name: names.responseTopic, partitions: undefined })
      const own = ownSerdes(writer, { left, right, names })
      const sending = { foreignKeyOf, ...own, isLeft, questions }
      processor(send, left.state.node.name, subscriptionSendOperator(sending), [])
      writer.sink({ name: names.registrationSink, parents: [send], topic: registrationTopic, ...registered })
      writer.source({ name: registrationSource, topic: registrationTopic, ...registered })
      const kept = { keySerde: serdes.bytes as AnySerde, valueSerde: subscriptionSerde, cached: false, changelog: {} }
      writer.store({ name: store, kind: 'subscription', ...kept })
      processor(receive, registrationSource, subscriptionReceiveOperator({ storeName: store, ...own, isLeft }), [store])
      processor(answer, receive, subscriptionJoinOperator({ foreign, ...own }), foreign.stores)
      processor(foreignTable, right.state.node.name, foreignTableOperator({ storeName: store, ...own }), [store])
      writer.sink({
        name: names.responseSink,
        parents: [answer, foreignTable],
        topic: names.responseTopic,
        internal: true,
        keySerde,
        valueSerde: responseSerde(foreignValueSerde),
        partitionOf: (value) => (value as SubscriptionResponse).primaryPartition,
      })
    },
  })
}

/** For what stands within subscriptions: Kafka Streams names topics for it that do not exist. */
function ownSerdes(
  writer: PhysicalWriter,
  { left, right, names }: Pick<Parts, 'left' | 'right' | 'names'>,
): { readonly keySerde: AnySerde; readonly valueSerde: AnySerde; readonly foreignKeySerde: AnySerde } {
  const topic = names.registrationTopic
  return {
    keySerde: writer.topicSerde(left.state.keySerde, `${topic}-pk`, 'key'),
    valueSerde: writer.topicSerde(rowSerde(left), `${topic}-vh`, 'value'),
    foreignKeySerde: writer.topicSerde(right.state.keySerde, `${topic}-fk`, 'key'),
  }
}

function rowSerde({ state }: Table): AnySerde {
  return state.valueSerde ?? derivedValueSerde
}

/** Names in the order in which Kafka Streams makes them. */
function joinNames(builder: GraphBuilder, { name, store }: AsTableOptions) {
  const given = name === undefined ? undefined : checkedName(name)
  const named = (suffix: string, prefix: string): string => builder.suffixedOr(given, suffix, prefix)
  const fk = 'KTABLE-FK-JOIN-'
  return {
    registrationTopic: `${named('-subscription-registration', `${fk}SUBSCRIPTION-REGISTRATION-`)}-topic`,
    send: named('-subscription-registration-processor', `${fk}SUBSCRIPTION-REGISTRATION-`),
    registrationSink: named('-subscription-registration-sink', 'KTABLE-SINK-'),
    registrationSource: named('-subscription-registration-source', 'KTABLE-SOURCE-'),
    store: named('-subscription-store', `${fk}SUBSCRIPTION-STATE-STORE-`),
    receive: named('-subscription-receive', `${fk}SUBSCRIPTION-PROCESSOR-`),
    answer: named('-subscription-join-foreign', `${fk}SUBSCRIPTION-PROCESSOR-`),
    foreignTable: named('-foreign-join-subscription', `${fk}SUBSCRIPTION-PROCESSOR-`),
    responseTopic: `${named('-subscription-response', `${fk}SUBSCRIPTION-RESPONSE-`)}-topic`,
    responseSink: named('-subscription-response-sink', 'KTABLE-SINK-'),
    responseSource: named('-subscription-response-source', 'KTABLE-SOURCE-'),
    resolver: named('-subscription-response-resolver', `${fk}SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-`),
    result: named('-result', `${fk}OUTPUT-`),
    resultStore: builder.storeNameOr(store, `${fk}OUTPUT-`),
  }
}
