import { streamsError } from '../../errors.ts'
import { passThroughOperator } from '../operators/pass-through.ts'
import { type ProcessorWrapper, wrappingWriter } from '../processing/processor-wrapper.ts'
import { describeTopology } from './describe.ts'
import type { GraphNode, PhysicalWriter } from './graph.ts'
import { changelogConfig, repartitionConfig } from './internal-topics.ts'
import type { PhysicalNode, ProcessorNode, SinkNode, SourceNode } from './physical.ts'
import type { GlobalStorePlan, InternalTopicPlan, StorePlan, SubtopologyPlan, TopicSpec, TopologyPlan } from './plan.ts'
import type { Program } from './program.ts'
import { inFormat, type StoreFormat } from './store-format.ts'
import type { StoreSpec } from './store-kinds.ts'
import { planTables } from './table-planner.ts'
import { TopicSerdes } from './topic-serdes.ts'

/** A node while its children are still being added. */
type DraftNode = PhysicalNode & { readonly children: string[] }

/** Turns the steps of a program into what tasks run, under an application id. */
export function planTopology(
  program: Program,
  name: string,
  applicationId: string,
  options: {
    readonly wrap?: ProcessorWrapper | undefined
    readonly storeFormat: StoreFormat
    readonly contractedTopics: ReadonlyMap<string, TopicSpec>
  },
): TopologyPlan {
  const draft = writeNodes(program, applicationId, options)
  const groups = connectedGroups(draft.nodes, draft.connections)
  const stores = new Map<string, StorePlan>()
  const globalStores: GlobalStorePlan[] = []
  const internalTopics: InternalTopicPlan[] = [...draft.repartitionTopics.values()]
  const subtopologies = groups.map((names, id) => {
    const nodes = [...draft.nodes.values()].filter((node) => names.has(node.name))
    const global = draft.globals.find(({ source }) => names.has(source))
    if (global !== undefined) {
      const { source, name: nodeName, store, ...read } = global
      const plan = { ...draft.serdes.pair(store, read.topic), subtopology: id, changelogTopic: undefined }
      globalStores.push({
        ...draft.serdes.pair(read, read.topic),
        sourceName: source,
        nodeName,
        process: read.process,
        store: plan,
      })
      return { ...subtopologyPlan(id, [], [], draft), isGlobal: true, nodes }
    }
    const own = [...draft.stores.values()].filter(({ users }) => users.some((user) => names.has(user)))
    const plans = own.map(({ spec }) => storePlan(spec, id, applicationId, draft.serdes))
    for (const plan of plans) {
      stores.set(plan.name, plan)
      if (plan.changelogTopic !== undefined) internalTopics.push(changelogTopic(plan, plan.changelogTopic))
    }
    return subtopologyPlan(id, withLaziness(nodes), plans, draft)
  })
  const plan: TopologyPlan = {
    applicationId,
    subtopologies,
    internalTopics,
    sourceTopics: [...draft.sourceTopics],
    contractedTopics: options.contractedTopics,
    stores,
    globalStores,
    describe: () => describeTopology(plan, `${applicationId}-`),
  }
  if (subtopologies.length === 0) {
    throw streamsError('STREAMS_TOPOLOGY_INVALID', `topology '${name}' reads no topic`, { topology: name })
  }
  return Object.freeze(plan)
}

interface Draft {
  readonly nodes: Map<string, DraftNode>
  readonly stores: Map<string, { spec: StoreSpec; users: string[] }>
  readonly repartitionTopics: Map<string, InternalTopicPlan>
  readonly sourceTopics: Set<string>
  /** Full topic names by the source node that reads them. */
  readonly copartitionGroups: string[][]
  /** A topic is read once: a second source of it stands for the first. */
  readonly sourceOfTopic: Map<string, string>
  readonly aliases: Map<string, string>
  readonly globals: Parameters<PhysicalWriter['globalStore']>[0][]
  /** Pairs of nodes that belong together although nothing flows between them: they share a store. */
  readonly connections: [string, string][]
  readonly serdes: TopicSerdes
}

function writeNodes(
  program: Program,
  applicationId: string,
  { wrap, storeFormat }: Parameters<typeof planTopology>[3],
): Draft {
  const { steps } = program
  const facts = planTables(steps, storeFormat)
  const keepingNullKeys = program.keepingNullKeys()
  let written: GraphNode
  const draft: Draft = {
    nodes: new Map(),
    stores: new Map(),
    repartitionTopics: new Map(),
    sourceTopics: new Set(),
    copartitionGroups: [],
    sourceOfTopic: new Map(),
    aliases: new Map(program.standIns),
    connections: [],
    globals: [],
    serdes: new TopicSerdes(),
  }
  const actual = (name: string): string => draft.aliases.get(name) ?? name
  const parentNames = (names: readonly string[]): string[] => {
    const attached = names.map((name) => program.parentNames(written, name))
    // What a step was moved to comes after the rest, as in Kafka Streams: `describe()` shows it.
    const moved = attached.filter((now, at) => now.length !== 1 || now[0] !== names[at])
    return [...attached.filter((now) => !moved.includes(now)), ...moved].flat().map(actual)
  }
  const fullName = (topic: string, internal: boolean): string => (internal ? `${applicationId}-${topic}` : topic)
  const add = (node: PhysicalNode): void => {
    if (draft.nodes.has(node.name)) {
      throw streamsError('STREAMS_TOPOLOGY_INVALID', `two steps are named '${node.name}'`, { name: node.name })
    }
    for (const parent of node.parents) draft.nodes.get(parent)!.children.push(node.name)
    draft.nodes.set(node.name, node as DraftNode)
  }
  const writer: PhysicalWriter = {
    facts,
    source({ name, topic, internal, changes = false, timestamp, ...serdes }) {
      const topics = [fullName(topic, internal)]
      const { keySerde, valueSerde } = draft.serdes.pair(serdes, topics[0]!)
      const other = draft.sourceOfTopic.get(topics[0]!)
      if (draft.globals.some((global) => global.source === other)) {
        throw streamsError('STREAMS_TOPOLOGY_INVALID', `topic '${topic}' is read as a global table and once more`, {
          topic,
        })
      }
      if (other !== undefined) {
        mustReadAlike(draft.nodes.get(other) as SourceNode, { keySerde, valueSerde, timestamp }, topic)
        draft.aliases.set(name, other)
        return
      }
      draft.sourceOfTopic.set(topics[0]!, name)
      if (!internal) draft.sourceTopics.add(topic)
      const nodes = { children: [], parents: [] }
      add({ kind: 'source', name, topics, keySerde, valueSerde, changes, lazy: true, timestamp, ...nodes })
    },
    processor({ name, parents, create, readsValue, stores = [] }) {
      const above = parentNames(parents)
      add({ kind: 'processor', name, parents: above, create, readsValue, stores, children: [] })
      for (const store of stores) usersOf(draft, store, name).push(name)
    },
    sink({ name, parents, topic: ownName, internal, changes = false, partitionOf, choice, ...serdes }) {
      const topic = fullName(ownName, internal)
      add({
        kind: 'sink',
        name,
        parents: parentNames(parents),
        topic,
        ...draft.serdes.pair(serdes, topic),
        changes,
        partitionOf,
        choice: choice && {
          ...choice,
          targets: choice.targets.map((target) => draft.serdes.pair(target, target.topic)),
        },
        children: [],
      })
    },
    sourceName: actual,
    parentName: (name) => parentNames([name]).join(' '),
    keepsNullKeys: (repartition) => keepingNullKeys.has(repartition),
    store: (spec) => addStore(draft, spec),
    globalStore(given) {
      // That of a table is the DSL's, and has its format.
      const isTable = given.process === undefined
      const node = isTable ? { ...given, store: inFormat(given.store, storeFormat) } : given
      const { source, name, topic, keySerde, valueSerde, store, process = passThroughOperator } = node
      if (draft.sourceOfTopic.has(topic)) {
        throw streamsError('STREAMS_TOPOLOGY_INVALID', `topic '${topic}' is read as a global table and once more`, {
          topic,
        })
      }
      draft.sourceOfTopic.set(topic, source)
      draft.sourceTopics.add(topic)
      draft.globals.push(node)
      add({
        kind: 'source',
        name: source,
        topics: [topic],
        keySerde,
        valueSerde,
        changes: false,
        lazy: false,
        children: [],
        parents: [],
      })
      const stores = [store.name]
      add({ kind: 'processor', name, parents: [source], create: process, readsValue: true, stores, children: [] })
    },
    topicSerde: (serde, topic, role) => draft.serdes.of(serde, fullName(topic, true), role),
    repartitionTopic({ name, partitions }) {
      const full = fullName(name, true)
      const config = repartitionConfig
      draft.repartitionTopics.set(full, { name: full, kind: 'repartition', partitions, config, store: undefined })
    },
  }
  const target = wrap === undefined ? writer : wrappingWriter(writer, wrap)
  for (const step of steps) {
    const store = facts.storeOf(step)
    if (store !== undefined) addStore(draft, store)
    written = step
    step.write(target)
    const joined = step.joins.flatMap((source) => (draft.nodes.get(actual(source)) as SourceNode).topics)
    if (joined.length > 0) draft.copartitionGroups.push([...new Set(joined)])
  }
  for (const { users } of draft.stores.values()) {
    for (const user of users) draft.connections.push([users[0]!, user])
  }
  return draft
}

function mustReadAlike(
  source: SourceNode,
  serdes: Pick<SourceNode, 'keySerde' | 'valueSerde' | 'timestamp'>,
  topic: string,
): void {
  if (source.timestamp !== serdes.timestamp) {
    const message = `topic '${topic}' is read with two different timestamp extractors`
    throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { topic })
  }
  if (source.keySerde === serdes.keySerde && source.valueSerde === serdes.valueSerde) return
  throw streamsError('STREAMS_TOPOLOGY_INVALID', `topic '${topic}' is read under two different contracts`, { topic })
}

function usersOf(draft: Draft, store: string, node: string): string[] {
  const found = draft.stores.get(store)
  if (found !== undefined) return found.users
  const message = `${node} is connected to store '${store}', which no step before it declares`
  throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { node, store })
}

function addStore(draft: Draft, spec: StoreSpec): void {
  const other = draft.stores.get(spec.name)
  // Processors share a store by declaring the same one.
  if (other?.spec === spec) return
  if (other !== undefined) {
    throw streamsError('STREAMS_TOPOLOGY_INVALID', `two steps keep a store named '${spec.name}'`, { store: spec.name })
  }
  draft.stores.set(spec.name, { spec, users: [] })
}

/** Nodes that data or a shared store connects, group by group, in the order of their first source. */
function connectedGroups(
  nodes: ReadonlyMap<string, DraftNode>,
  connections: readonly (readonly [string, string])[],
): Set<string>[] {
  const root = new Map<string, string>([...nodes.keys()].map((name) => [name, name]))
  const find = (name: string): string => {
    let at = name
    while (root.get(at) !== at) at = root.get(at)!
    root.set(name, at)
    return at
  }
  for (const node of nodes.values()) for (const child of node.children) root.set(find(child), find(node.name))
  for (const [one, other] of connections) root.set(find(one), find(other))
  const groups = new Map<string, Set<string>>()
  const inOrder = [...nodes.values()].sort((a, b) => Number(b.kind === 'source') - Number(a.kind === 'source'))
  for (const { name } of inOrder) {
    const key = find(name)
    const group = groups.get(key) ?? new Set()
    groups.set(key, group.add(name))
  }
  return [...groups.values()]
}

function subtopologyPlan(
  id: number,
  nodes: readonly PhysicalNode[],
  stores: readonly StorePlan[],
  { copartitionGroups, repartitionTopics }: Draft,
): SubtopologyPlan {
  const sources = nodes.filter((node): node is SourceNode => node.kind === 'source')
  const sinks = nodes.filter((node): node is SinkNode => node.kind === 'sink')
  const sourceTopics = [...new Set(sources.flatMap((source) => source.topics))]
  return {
    id,
    isGlobal: false,
    nodes,
    stores,
    sourceTopics,
    repartitionTopics: sourceTopics.filter((topic) => repartitionTopics.has(topic)),
    sinkTopics: [
      ...new Set(sinks.flatMap(({ topic, choice }) => choice?.targets.map((target) => target.topic) ?? topic)),
    ],
    copartitionGroups: mergeGroups(
      copartitionGroups.filter((group) => group.every((topic) => sourceTopics.includes(topic))),
    ),
  }
}

/** Groups that share a topic are one. */
function mergeGroups(groups: readonly (readonly string[])[]): string[][] {
  const merged: Set<string>[] = []
  for (const group of groups) {
    const own = new Set(group)
    for (let at = merged.length - 1; at >= 0; at--) {
      if (own.isDisjointFrom(merged[at]!)) continue
      for (const topic of merged[at]!) own.add(topic)
      merged.splice(at, 1)
    }
    merged.push(own)
  }
  return merged.map((group) => [...group])
}

/** Stores without changelog have the serdes of the one that they might have, as in Kafka Streams. */
function storePlan(spec: StoreSpec, subtopology: number, applicationId: string, serdes: TopicSerdes): StorePlan {
  const isLogged = spec.changelog !== undefined && spec.restoresFrom === undefined
  const changelog = `${applicationId}-${spec.name}-changelog`
  const topic = spec.restoresFrom ?? changelog
  const sides = spec.kind === 'outerJoin' && {
    leftSerde: serdes.of(spec.leftSerde, topic, 'value'),
    rightSerde: serdes.of(spec.rightSerde, topic, 'value'),
  }
  return { ...serdes.pair(spec, topic), ...sides, subtopology, changelogTopic: isLogged ? changelog : undefined }
}

function changelogTopic(store: StorePlan, name: string): InternalTopicPlan {
  const config = { ...changelogConfig(store), ...store.changelog }
  return { name, kind: 'changelog', partitions: undefined, config, store: store.name }
}

/** Sources parse on arrival where a record goes several ways of which one asks for its value. */
function withLaziness(nodes: readonly PhysicalNode[]): PhysicalNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const reads = (name: string): boolean => {
    const node = byName.get(name)!
    if (node.kind === 'sink') return node.choice !== undefined
    return node.kind === 'processor' && (node.readsValue || node.children.some(reads))
  }
  const isLazy = (node: PhysicalNode): boolean => {
    if (node.children.length > 1) return !node.children.some(reads)
    const child = node.children.length === 1 ? (byName.get(node.children[0]!) as ProcessorNode) : undefined
    return child === undefined || child.kind !== 'processor' || child.readsValue || isLazy(child)
  }
  return nodes.map((node) => Object.freeze(node.kind === 'source' ? { ...node, lazy: isLazy(node) } : { ...node }))
}
