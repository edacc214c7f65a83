import { derivedKeySerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import type { GraphNode, Repartition } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { Program } from '../topology/program.ts'
import { mergedRepartition } from './repartition.ts'

/**
 * Writes what several steps behind one change of keys (or behind one merge of streams) want repartitioned to one topic,
 * right behind the change: steps in between then come after the topic. Kafka Streams' `merge.repartition.topics`, which
 * also moves a topic that stands alone, and names the topic after the first.
 */
export function mergeRepartitions(program: Program): void {
  for (const [changer, group] of groupedByMerge(program, groupedByChange(program))) {
    // One behind a merge of merges has gone behind the first of them.
    const topics = group.filter((node) => program.steps.includes(node))
    if (topics.length === 0) continue
    const merged = mergedRepartition(changer, common(topics.map((node) => node.stream!.repartition!)))
    program.addAfter(changer, merged)
    for (const replaced of topics) {
      const isBelow = (step: GraphNode): boolean => step !== merged && program.parentsOf(step).includes(changer)
      const below = findUpwards(program, replaced, isBelow)
      // Of branches, the step in front of them has been moved with the first; Kafka Streams gives up there.
      if (below !== undefined) program.move(below, changer, [merged])
      program.remove(replaced, merged)
    }
  }
}

type Groups = Map<GraphNode, readonly GraphNode[]>

/** Topics by the step that changed the keys, where nothing after it changes values: the topic has one kind of value. */
function groupedByChange(program: Program): Groups {
  const groups = new Map<GraphNode, GraphNode[]>()
  for (const step of program.steps) {
    if (step.stream?.changes === 'key') groups.set(step, [])
    if (step.stream?.repartition === undefined) continue
    const keys = findUpwards(program, step, ({ stream }) => stream?.changes === 'key')
    const any = findUpwards(program, step, ({ stream }) => stream?.changes !== undefined)
    if (keys !== undefined && keys === any) groups.get(keys)!.push(step)
  }
  return groups
}

/** Where streams with changed keys merge before the topic, it stands behind the merge. */
function groupedByMerge(program: Program, byChange: Groups): Groups {
  const groups: Groups = new Map(byChange)
  for (const merge of program.steps.filter(({ stream }) => stream?.isMerge)) {
    const isBefore = (step: GraphNode): boolean => program.parentsOf(step).includes(merge)
    const changers = [...byChange].filter(([changer, topics]) => {
      const isUpstream = findUpwards(program, merge, (step) => program.parentsOf(step).includes(changer)) !== undefined
      return isUpstream && topics.every((topic) => findUpwards(program, topic, isBefore) !== undefined)
    })
    const topics = new Set(changers.flatMap(([, own]) => own))
    for (const [changer] of changers) groups.delete(changer)
    groups.set(merge, [...topics])
  }
  return groups
}

/** The topic is the first one's; serdes are those that were given, by whichever of them. */
function common(all: readonly Repartition[]): Repartition {
  const given = (serdes: readonly AnySerde[], derived: unknown): AnySerde => {
    return serdes.find((serde) => serde !== derived) ?? (derived as AnySerde)
  }
  return {
    topic: all[0]!.topic,
    keySerde: given(
      all.map((one) => one.keySerde),
      derivedKeySerde,
    ),
    valueSerde: given(
      all.map((one) => one.valueSerde),
      derivedValueSerde,
    ),
  }
}

/** The step itself or the nearest one upstream; of several ways up, the last one counts where no parent matches at once. */
function findUpwards(program: Program, step: GraphNode, matches: (step: GraphNode) => boolean): GraphNode | undefined {
  if (matches(step)) return step
  let found: GraphNode | undefined
  for (const parent of program.parentsOf(step)) {
    if (matches(parent)) return parent
    found = findUpwards(program, parent, matches)
  }
  return found
}
