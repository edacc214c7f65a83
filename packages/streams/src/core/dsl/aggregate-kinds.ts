import type { EmitStrategy } from '../operators/final-results.ts'
import { type SessionAggregation, sessionAggregateOperator } from '../operators/session-aggregate.ts'
import { slidingAggregateOperator } from '../operators/sliding-aggregate.ts'
import { streamAggregateOperator } from '../operators/stream-aggregate.ts'
import { windowAggregateOperator } from '../operators/window-aggregate.ts'
import { windowedSerde } from '../serdes/windowed-serde.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SessionWindows } from '../windows/session-window.ts'
import type { SlidingWindows } from '../windows/sliding-window.ts'
import type { Windows } from '../windows/windows.ts'
import { type AggregateKind, checkedRetention } from './aggregations.ts'
import { type KeptAs, keptAs } from './kept-as.ts'
import { rowsSpec } from './table-spec.ts'

/** Aggregates by key alone. */
export function plainKind(keySerde: AnySerde): AggregateKind {
  return {
    keySerde,
    create: streamAggregateOperator,
    spec: (name, valueSerde, options) => rowsSpec({ name, keySerde, valueSerde }, options),
  }
}

/** Aggregates by key and window. */
export function timeKind(
  windows: Windows | SlidingWindows,
  keySerde: AnySerde,
  emit: EmitStrategy = 'onUpdate',
): AggregateKind {
  return 'differenceMs' in windows ? slidingKind(windows, keySerde, emit) : windowKind(windows, keySerde, emit)
}

/** Kafka Streams lays the stores of results on close out another way, where they are on disk. */
function keepsBoundary(emit: EmitStrategy, { storage }: KeptAs): boolean {
  return emit === 'onClose' && storage !== 'memory'
}

function windowKind(windows: Windows, keySerde: AnySerde, emit: EmitStrategy): AggregateKind {
  return {
    keySerde: windowedSerde(keySerde, windows) as unknown as AnySerde,
    closesAfterMs: windows.graceMs,
    create: (folded, store, sendOldValues) => windowAggregateOperator(folded, windows, store, sendOldValues, emit),
    spec: (name, valueSerde, { retentionMs, ...kept }) => ({
      name,
      kind: 'window',
      keySerde,
      valueSerde,
      retentionMs: checkedRetention(windows.description, windows.maxSizeMs + windows.graceMs, retentionMs),
      windowSizeMs: windows.sizeMs,
      windowEnd: windows.endOf,
      keepsBoundary: keepsBoundary(emit, kept),
      ...keptAs(kept),
    }),
  }
}

function slidingKind(windows: SlidingWindows, keySerde: AnySerde, emit: EmitStrategy): AggregateKind {
  const { description, differenceMs, graceMs, endOf } = windows
  return {
    keySerde: windowedSerde(keySerde, windows) as unknown as AnySerde,
    closesAfterMs: graceMs,
    create: (folded, store, sendOldValues) => slidingAggregateOperator(folded, windows, store, sendOldValues, emit),
    spec: (name, valueSerde, { retentionMs, ...kept }) => ({
      name,
      kind: 'window',
      keySerde,
      valueSerde,
      // A record makes the right window of one that it is twice the difference away from the beginning of.
      retentionMs: checkedRetention(description, 2 * differenceMs + graceMs, retentionMs),
      windowSizeMs: differenceMs,
      windowEnd: endOf,
      hasSpans: true,
      keepsBoundary: keepsBoundary(emit, kept),
      ...keptAs(kept),
    }),
  }
}

/** Aggregates by key and session. */
export function sessionKind(
  windows: SessionWindows,
  keySerde: AnySerde,
  merge: SessionAggregation['merge'],
  emit: EmitStrategy = 'onUpdate',
): AggregateKind {
  return {
    keySerde: windowedSerde(keySerde, windows) as unknown as AnySerde,
    closesAfterMs: windows.gapMs + windows.graceMs,
    create: (folded, store, sendOldValues) =>
      sessionAggregateOperator({ ...folded, merge }, windows, store, sendOldValues, emit),
    spec: (name, valueSerde, { retentionMs, ...kept }) => ({
      name,
      kind: 'session',
      keySerde,
      valueSerde,
      retentionMs: checkedRetention(windows.description, windows.gapMs + windows.graceMs, retentionMs),
      ...keptAs(kept),
    }),
  }
}
