import type {
  ApplicationPicture,
  Flow,
  PictureInstance,
  PictureNode,
  PictureStore,
  PictureSubtopology,
  PictureTopic,
  TopologyPicture,
} from './topology-picture.ts'

/** What an instance that was asked for its picture answered: the picture, or why there is none. */
export interface AskedPicture {
  readonly host: string
  readonly picture?: TopologyPicture
  readonly reason?: string
}

/** Misses of all instances that are shown: as many as one shows of a task. */
const missesMax = 100

/** The pictures of all instances as one; the program is that of the instance that was asked. */
export function mergePictures(own: TopologyPicture, asked: readonly AskedPicture[]): ApplicationPicture {
  const others = asked.flatMap(({ picture }) => picture ?? [])
  const all = [own, ...others]
  const { version, application, takenAtMs, hosts } = own
  const misses = all.flatMap(({ joinMisses }) => joinMisses).sort((a, b) => a.timestamp - b.timestamp)
  return {
    version,
    application,
    takenAtMs,
    rateSeconds: Math.max(...all.map(({ rateSeconds }) => rateSeconds)),
    instances: [
      instanceOf(own),
      ...asked.map(({ host, picture, reason }): PictureInstance => {
        return picture ? { ...instanceOf(picture), host } : { host, isReachable: false, reason: reason ?? '' }
      }),
    ],
    isComplete: others.length === asked.length,
    subtopologies: own.subtopologies.map((subtopology) => mergeSubtopology(subtopology, all)),
    topics: own.topics.map((topic) =>
      mergeTopic(
        topic,
        others.flatMap(({ topics }) => topics.find(({ name }) => name === topic.name) ?? []),
      ),
    ),
    joinMisses: misses.slice(-missesMax),
    hosts,
  }
}

function instanceOf({ instance, host, state, takenAtMs }: TopologyPicture): PictureInstance {
  return { ...(host !== undefined && { host }), instance, state, takenAtMs, isReachable: true }
}

function mergeSubtopology(own: PictureSubtopology, all: readonly TopologyPicture[]): PictureSubtopology {
  const same = all.flatMap(({ instance, subtopologies }) =>
    subtopologies.filter(({ id }) => id === own.id).map((subtopology) => ({ instance, ...subtopology })),
  )
  const tasks = same.flatMap(({ instance, tasks }) => tasks.map((task) => ({ ...task, instance })))
  return {
    ...own,
    nodes: own.nodes.map((node) => mergeNode(node, named(same, 'nodes', node.name))),
    stores: own.stores.map((store) => mergeStore(store, named(same, 'stores', store.name))),
    tasks: tasks.sort((a, b) => a.partition - b.partition),
  }
}

function named<Field extends 'nodes' | 'stores'>(
  same: readonly PictureSubtopology[],
  field: Field,
  name: string,
): readonly PictureSubtopology[Field][number][] {
  return same.flatMap((subtopology) => subtopology[field].filter((each) => each.name === name))
}

function mergeNode(own: PictureNode, same: readonly PictureNode[]): PictureNode {
  const records = sumOf(same.map((node) => node.records))
  const reasons = new Set(same.flatMap(({ dropped = {} }) => Object.keys(dropped)))
  const dropped = [...reasons].map((reason) => [reason, sumOf(same.map((node) => node.dropped?.[reason]))!] as const)
  const latencies = same.flatMap(({ latencyMs }) => latencyMs ?? [])
  return {
    ...own,
    ...(records && { records }),
    ...(dropped.length > 0 && { dropped: Object.fromEntries(dropped) }),
    ...(latencies.length > 0 && { latencyMs: Math.max(...latencies) }),
  }
}

function mergeStore(own: PictureStore, same: readonly PictureStore[]): PictureStore {
  const cacheHits = sumOf(same.map((store) => store.cacheHits))
  const cacheMisses = sumOf(same.map((store) => store.cacheMisses))
  return { ...own, ...(cacheHits && { cacheHits }), ...(cacheMisses && { cacheMisses }) }
}

function mergeTopic(own: PictureTopic, others: readonly PictureTopic[]): PictureTopic {
  const same = [own, ...others]
  const read = sumOf(same.map((topic) => topic.read))
  const written = sumOf(same.map((topic) => topic.written))
  const lags = same.flatMap(({ lag }) => lag ?? [])
  return {
    ...own,
    ...(read && { read }),
    ...(written && { written }),
    ...(lags.length > 0 && { lag: lags.reduce((sum, lag) => sum + lag, 0) }),
  }
}

/** Undefined where nobody has counted. */
function sumOf(flows: readonly (Flow | undefined)[]): Flow | undefined {
  const known = flows.flatMap((flow) => flow ?? [])
  if (known.length === 0) return undefined
  return {
    total: known.reduce((sum, { total }) => sum + total, 0),
    perSecond: known.reduce((sum, { perSecond }) => sum + perSecond, 0),
  }
}
