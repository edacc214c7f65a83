import { type JoinWindows, joinWindows, type KStream } from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { record, type Scenario, type ScenarioGroup, type Step, withOtherInputs } from '../scenario.ts'

const left = texts('left')
const right = texts('right')
const out = texts('out')

/** Pairs, duplicates of one time, bounds of the window, no key, no value, out of order, late, lone records of both sides. */
const both = [
  record(left, 'a', 'L1', 100, { trace: 'l1' }),
  record(right, 'a', 'R1', 100, { trace: 'r1' }),
  record(right, 'a', 'R2', 110),
  record(right, 'a', 'R3', 111),
  record(left, 'a', 'L2', 100),
  record(left, 'b', 'L3', 105, { trace: 'l3' }),
  record(right, 'c', 'R4', 104),
  record(left, null, 'L4', 106, { trace: 'l4' }),
  record(right, null, 'R5', 107),
  record(left, 'a', null, 108),
  record(left, null, null, 108),
  record(right, 'a', null, 109),
  record(left, 'd', 'L5', 112),
  record(left, 'd', 'L6', 112),
  record(right, 'e', 'R6', 112),
  record(right, 'd', 'R7', 122),
  record(left, 'f', 'L7', 123),
  record(left, 'b', 'null', 124),
  record(right, 'g', 'R8', 60),
  record(left, 'h', 'L8', 61),
  record(right, 'b', 'R9', 130),
  record(left, 'z', 'L9', 150),
  record(right, 'z', 'R10', 200, { trace: 'end' }),
  record(left, 'y', 'L10', 201),
  record(right, 'y', 'R11', 5),
  record(left, 'x', 'L11', 400),
  record(right, 'w', 'R12', 401),
  record(left, 'end', 'L12', 1_000),
  record(right, 'end', 'R13', 2_000),
]

const paired = (one: string | null, other: string | null): string =>
  one === 'null' ? (null as never) : `${one}+${other}`

type Kind = 'join' | 'leftJoin' | 'outerJoin'

interface JoinOptions {
  readonly within: JoinWindows
  readonly name?: string
  readonly store?: string
}

type Join = (
  one: KStream<string, string>,
  other: KStream<string, string>,
  options: JoinOptions,
) => KStream<string, string>

const joins: Record<Kind, Join> = {
  join: (one, other, options) => one.join(other, paired, options),
  leftJoin: (one, other, options) => one.leftJoin(other, paired, options),
  outerJoin: (one, other, options) => one.outerJoin(other, paired, options),
}

/** Kafka Streams looks for lone records once a second of the wall clock; here at every record. */
const properties = { '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__': '0' }

function each(
  name: string,
  build: (app: Parameters<Scenario['build']>[0], join: Join) => void,
  input: readonly Step[] = both,
): Scenario[] {
  return (['join', 'leftJoin', 'outerJoin'] as const).map((kind) => ({
    name: `${kind}: ${name}`,
    input,
    properties,
    build: (app) => build(app, joins[kind]),
  }))
}

const close = joinWindows({ differenceMs: 10 })

/** Late by less than the grace, by more, and by whole segments of the stores. */
const late = [
  record(left, 'a', 'L1', 100),
  record(left, 'c', 'L2', 125),
  record(right, 'a', 'R1', 105), // within the grace of the first
  record(right, 'd', 'R2', 160),
  record(left, 'a', 'L3', 104),
  record(right, 'a', 'R3', 106),
  record(left, 'd', 'L4', 145), // late without grace
  record(left, 'd', 'L5', 124), // late with grace
  record(right, 'c', 'R4', 124),
  record(left, null, 'L6', 90),
  record(right, 'c', null, 91),
  record(left, 'm', 'L7', 1_000_000),
  record(right, 'n', 'R5', 1_400_000),
  record(left, 'm', 'L8', 1_000_005),
  record(right, 'm', 'R6', 1_000_006),
  record(left, 'n', 'L9', 1_400_001),
  record(right, 'm', 'R7', 1_200_000),
  record(left, 'm', 'L10', 1_200_001),
  record(right, 'end', 'R8', 2_000_000),
  record(left, 'end', 'L11', 2_100_000),
]

const joinKinds = ['join', 'leftJoin', 'outerJoin'] as const

export const streamJoins: ScenarioGroup = withOtherInputs(
  {
    name: 'stream-joins',
    javaClass: 'StreamJoins',
    scenarios: [
      ...each('no grace', (app, join) => join(app.stream(left), app.stream(right), { within: close }).to(out)),
      ...each('grace', (app, join) =>
        join(app.stream(left), app.stream(right), { within: joinWindows({ differenceMs: 10, graceMs: 15 }) }).to(out),
      ),
      ...each('only later', (app, join) =>
        join(app.stream(left), app.stream(right), {
          within: joinWindows({ beforeMs: 0, afterMs: 20, graceMs: 5 }),
        }).to(out),
      ),
      ...each('only earlier', (app, join) =>
        join(app.stream(left), app.stream(right), {
          within: joinWindows({ beforeMs: 30, afterMs: -5, graceMs: 5 }),
        }).to(out),
      ),
      ...each('named', (app, join) =>
        join(app.stream(left), app.stream(right), { within: close, name: 'pairs', store: 'kept' }).to(out),
      ),
      ...each('changed keys', (app, join) => {
        const one = app.stream(left, { tombstones: true }).selectKey((_value, key) => key) as KStream<string, string>
        join(one, app.stream(right), { within: close, name: 'pairs' }).to(out)
      }),
      ...each('changed keys of both, without name', (app, join) => {
        const one = app.stream(left, { tombstones: true }).selectKey((_value, key) => key) as KStream<string, string>
        const other = app.stream(right, { tombstones: true }).selectKey((_value, key) => key) as KStream<string, string>
        join(one, other, { within: close }).to(out)
      }),
      ...each(
        'itself',
        (app, join) => {
          const stream = app.stream(left)
          join(stream, stream, { within: joinWindows({ beforeMs: 5, afterMs: 10 }) }).to(out)
        },
        both.filter(({ topic }) => topic === 'left'),
      ),
      ...each(
        'itself, from one store',
        (app, join) => {
          const stream = app.stream(left)
          join(stream, stream, { within: joinWindows({ beforeMs: 5, afterMs: 10 }) }).to(out)
        },
        both.filter(({ topic }) => topic === 'left'),
      ).map((scenario) => ({
        ...scenario,
        topology: { optimize: ['single.store.self.join'] as const },
        properties: { ...properties, 'topology.optimization': 'single.store.self.join' },
      })),
      ...each('joined again', (app, join) => {
        const first = join(app.stream(left), app.stream(right), { within: close })
        join(first, app.stream(texts('third')), { within: close }).to(out)
      }),
    ],
  },
  [
    ...joinKinds.flatMap((kind) => [
      { of: `${kind}: no grace`, name: `${kind}: late, without grace`, input: late },
      { of: `${kind}: grace`, name: `${kind}: late, with grace`, input: late },
      { of: `${kind}: only later`, name: `${kind}: late, only later`, input: late },
    ]),
  ],
)
