import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { kafkaErrors } from '../../packages/kafka/src/errors.ts'
import { streamsErrors } from '../../packages/streams/src/errors.ts'

interface BadInput {
  readonly what: string
  readonly becomes: string
  /** Code of the error; undefined where nothing fails. */
  readonly code?: string
  /** Which handler or option decides; undefined: none does. */
  readonly decides?: string
  /** File, and part of the test's name. */
  readonly shownBy: readonly [file: string, test: string]
}

const core = 'packages/streams/src/core'
const runtime = 'packages/streams/src/runtime'
const failures = 'packages/streams/test/support/failure-suite.ts'
const refused = 'packages/streams/test/support/refused-output-suite.ts'
const topics = 'packages/streams/test/support/changed-topics-suite.ts'
const topology = 'packages/streams/test/support/changed-topology-suite.ts'
const fullDisk = 'conformance/bad-input/streams-full-disk.test.ts'

const records: readonly BadInput[] = [
  {
    what: 'A key or value that cannot be decoded',
    becomes:
      'The handler decides; with `deadLetter` or `continue` its partition moves on. A table that is restored from its own topic leaves such a record out again, and counts it (`skipped`).',
    code: 'STREAMS_DESERIALIZE_FAILED',
    decides: '`deserialize`',
    shownBy: [failures, "bytes that are no order go to the application's dead-letter topic"],
  },
  {
    what: 'The same in a topic that a table is restored from',
    becomes: 'What the handler let pass is left out when the table is restored, too.',
    decides: '`deserialize`',
    shownBy: [
      'packages/streams/test/reused-topics.test.ts',
      'rows that could not be decoded, and were let pass, or that came back for another application, are not restored either',
    ],
  },
  {
    what: 'A record without key',
    becomes: 'Left out and counted where a key is needed (`null-key`); a result of outer and left joins.',
    shownBy: [`${core}/operators/stream-join.test.ts`, 'records without key are results of the outer side alone'],
  },
  {
    what: 'A record without value',
    becomes: 'Deletes from tables; elsewhere left out and counted (`null-value`) where no callback is made for it.',
    shownBy: [`${core}/operators/stateless.test.ts`, 'tombstones do not reach callbacks that are not made for them'],
  },
  {
    what: 'A record larger than a fetch',
    becomes: 'Is read.',
    shownBy: [refused, 'a record that is larger than a fetch is read all the same'],
  },
  {
    what: 'A negative timestamp',
    becomes: 'The handler decides, unless the topic has an extractor that knows better.',
    code: 'STREAMS_TIMESTAMP_INVALID',
    decides: '`deserialize`; `timestamp`',
    shownBy: [`${core}/time/timestamp-extractors.test.ts`, 'a negative timestamp fails without an extractor'],
  },
  {
    what: 'A record that comes after its window has closed',
    becomes: 'Left out and counted (`late`).',
    decides: '`graceMs`',
    shownBy: [`${core}/operators/window-aggregate.test.ts`, 'a window takes late records until stream time has passed'],
  },
  {
    what: 'A callback that throws',
    becomes: 'The handler decides.',
    code: 'STREAMS_PROCESS_FAILED',
    decides: '`process`',
    shownBy: [failures, 'a record that fails stops the instance, and nothing of its transaction becomes visible'],
  },
]

const results: readonly BadInput[] = [
  {
    what: 'A result that cannot be serialised',
    becomes: 'The handler decides about this result; what else comes of the record is written.',
    code: 'STREAMS_PRODUCE_FAILED',
    decides: '`produce`',
    shownBy: [`${core}/failure-handlers.test.ts`, 'a result that cannot be serialised goes to the produce handler'],
  },
  {
    what: 'A result that is larger than its topic takes',
    becomes:
      'As above: the transaction is aborted, its records are processed again, and the handler is asked while the record is in hand.',
    code: 'STREAMS_PRODUCE_FAILED',
    decides: '`produce`',
    shownBy: [refused, 'a result that is too large goes to the produce handler, and may be left out alone'],
  },
  {
    what: 'A result whose time its topic does not take',
    becomes: 'Likewise.',
    code: 'STREAMS_PRODUCE_FAILED',
    decides: '`produce`',
    shownBy: [refused, 'a result of a time that the topic does not take goes to the produce handler'],
  },
  {
    what: 'A result without key for a compacted topic',
    becomes: 'Likewise.',
    code: 'STREAMS_PRODUCE_FAILED',
    decides: '`produce`',
    shownBy: [refused, 'a result without key for a compacted topic goes to the produce handler'],
  },
  {
    what: 'Results that are too large together',
    becomes: 'Go in smaller batches.',
    shownBy: [refused, 'batches are no larger than a topic takes, so that no handler is asked'],
  },
  {
    what: 'An update of a store that its changelog does not take',
    becomes: 'The instance ends: what the changelog lacks would be lost with the disk.',
    code: 'STREAMS_CHANGELOG_REFUSED',
    shownBy: [refused, 'an update that the changelog does not take ends the instance, whatever the handler says'],
  },
  {
    what: 'A dead letter that its topic does not take',
    becomes: 'The instance ends.',
    code: 'STREAMS_DEAD_LETTER_REFUSED',
    shownBy: [refused, 'a dead letter that is refused itself ends the instance'],
  },
]

const ofTopics: readonly BadInput[] = [
  {
    what: 'A topic that is read is not there',
    becomes: 'It is waited for, as long as `sourceTopicsTimeoutMs` says.',
    code: 'STREAMS_SOURCE_TOPIC_MISSING',
    shownBy: [failures, 'an application waits for its topics, and says which are missing when it gives up'],
  },
  {
    what: 'A topic is deleted while the application is at work',
    becomes: 'Likewise.',
    code: 'STREAMS_SOURCE_TOPIC_MISSING',
    shownBy: [topics, 'an input that is deleted is waited for, and named'],
  },
  {
    what: 'Joined topics with unlike numbers of partitions',
    becomes: 'The instance does not start.',
    code: 'STREAMS_NOT_COPARTITIONED',
    shownBy: [topology, 'joined topics with unlike numbers of partitions are refused'],
  },
  {
    what: 'A topic gets more partitions while the application is at work',
    becomes: 'The instance ends instead of leaving them unread.',
    code: 'STREAMS_PARTITIONS_CHANGED',
    shownBy: [topics, 'partitions that are added are not left unread'],
  },
  {
    what: 'An internal topic has another number of partitions than its inputs call for',
    becomes: 'The instance does not start.',
    code: 'STREAMS_INTERNAL_TOPIC_MISMATCH',
    shownBy: [topics, 'partitions that are added are not left unread'],
  },
  {
    what: 'A topic was deleted and created again while the application was away',
    becomes: 'Its state is of the old topic: the instance ends.',
    code: 'STREAMS_TOPIC_RECREATED',
    decides: '`lostInput`',
    shownBy: [topics, 'an input that was created anew while the application was away'],
  },
  {
    what: 'A topic is deleted and created again while the application is at work',
    becomes: 'The instance ends.',
    code: 'STREAMS_TOPIC_RECREATED',
    shownBy: [topics, 'an input that is created anew while the application is at work ends it'],
  },
  {
    what: 'Records are deleted before they are read',
    becomes: 'The instance ends; with `continue` it goes on with what is left, and says so.',
    code: 'STREAMS_INPUT_LOST',
    decides: '`lostInput`',
    shownBy: [topics, 'records that were deleted before they were read are missed'],
  },
  {
    what: 'A changelog has lost records that a store has not seen',
    becomes: 'The instance ends instead of emptying the store.',
    code: 'STREAMS_CHANGELOG_LOST',
    shownBy: [topics, 'a changelog that lost what a store has not seen'],
  },
  {
    what: 'A changelog was created anew',
    becomes: 'Likewise.',
    code: 'STREAMS_CHANGELOG_LOST',
    shownBy: [topics, 'a changelog that was created anew ends the application'],
  },
]

const state: readonly BadInput[] = [
  {
    what: 'The state directory is in use by another process',
    becomes: 'The instance does not start.',
    code: 'STREAMS_STATE_LOCKED',
    shownBy: [
      `${runtime}/edge/lmdb/state-directory.test.ts`,
      'a second user is refused and told who holds the directory',
    ],
  },
  {
    what: 'The state directory, or a store, was written by a newer release',
    becomes: 'The instance does not start, and leaves it alone.',
    code: 'STREAMS_STATE_VERSION',
    shownBy: [
      `${runtime}/edge/lmdb/state-directory.test.ts`,
      'a directory of a newer release is refused and left alone',
    ],
  },
  {
    what: 'The state directory is damaged, or no directory',
    becomes: 'The instance does not start.',
    code: 'STREAMS_STATE_FAILED',
    shownBy: [`${runtime}/edge/lmdb/state-directory.test.ts`, 'a directory that is damaged, or none at all, is named'],
  },
  {
    what: 'A store is damaged, torn or too old',
    becomes: 'It is restored from its changelog.',
    shownBy: [`${runtime}/edge/lmdb/task-environment.test.ts`, 'a file that is no store is replaced by an empty one'],
  },
  {
    what: 'The disk is full',
    becomes:
      'The instance ends by this error, before the store is touched; where there is room again it goes on, and nothing is missing.',
    code: 'STREAMS_STATE_FAILED',
    shownBy: [fullDisk, 'a full disk under the state of an application ends it with a named error'],
  },
]

const programs: readonly BadInput[] = [
  {
    what: 'Another application with the same id is at work',
    becomes: 'The one that has no tasks ends, the other goes on.',
    code: 'STREAMS_TOPOLOGY_DIFFERS',
    shownBy: [topology, 'an application with the id of another one at work is refused, and the other goes on'],
  },
  {
    what: 'Consumers of another kind, Kafka Streams among them, are in the group',
    becomes: 'The instance ends.',
    code: 'KAFKA_INCONSISTENT_GROUP_PROTOCOL',
    shownBy: [topology, 'a member of another kind in the group of an application is named'],
  },
  {
    what: 'Sub-topologies are counted otherwise than before',
    becomes: 'State is found by the names of stores.',
    shownBy: [topology, 'a program whose sub-topologies are counted otherwise finds its state by name'],
  },
  {
    what: 'Names by position have moved',
    becomes: 'The instance does not start: state and records on their way would be left behind.',
    code: 'STREAMS_NAMES_MOVED',
    shownBy: [topology, 'state that is named by the position of its step is not left behind when the step moves'],
  },
  {
    what: 'A store is of another kind than before',
    becomes: 'The instance does not start, or ends when it opens the store.',
    code: 'STREAMS_STORE_CHANGED',
    shownBy: [topology, 'a store that is changed from windows to sessions is refused by the disk that knows it'],
  },
  {
    what: 'A changelog holds keys of another kind of store: too short for windows or sessions, or with times that none can have',
    becomes: 'The instance ends when it restores the store.',
    code: 'STREAMS_STORE_CHANGED',
    shownBy: [
      'packages/streams/test/stores/foreign-changelogs.test.ts',
      'keys that are too short for windows or sessions are no keys of theirs',
    ],
  },
  {
    what: 'A store keeps headers now, and did not before',
    becomes:
      'It is restored in the new format, or its rows are copied where it has no changelog. There is no way back.',
    code: 'STREAMS_STORE_CHANGED',
    shownBy: [topology, 'a store goes on where its format changes to the one with headers, and not back'],
  },
]

/** `docs/reference/streams-bad-input.md`: what becomes of input, topics, disks and programs that are not as they should be. */
export function streamsBadInputPage(root: string): string {
  const table = (rows: readonly BadInput[]): string =>
    `| | What becomes of it | Error | Retriable | Decides | Shown by |\n|---|---|---|---|---|---|\n${rows.map((row) => line(root, row)).join('\n')}\n`
  return `# Bad input of streams applications

Each case ends in an error with a name, or is let pass by a handler or option that was asked for it, or is counted: nothing is left
out in silence, and nothing that was committed is taken back. Remedies stand with the codes in [errors](errors.md). \`produce\`,
\`process\` and \`deserialize\` are the \`handlers\`; unless told otherwise they fail, which ends the instance with its last transaction
aborted. This page is generated from the code by \`npm run generate\`; the tests are those that show it.

## Records

${table(records)}
## Results

${table(results)}
## Topics

${table(ofTopics)}
## State

${table(state)}
## Programs and groups

${table(programs)}`
}

function line(root: string, { what, becomes, code, decides = '', shownBy: [file, test] }: BadInput): string {
  if (!readFileSync(join(root, file), 'utf8').includes(test)) throw new Error(`${file} has no test '${test}'`)
  const isRetriable = code === undefined ? '' : retriable(code) ? 'yes' : 'no'
  const name = file.slice(file.lastIndexOf('/') + 1)
  const named = code === undefined ? '' : `\`${code}\``
  return `| ${what} | ${becomes} | ${named} | ${isRetriable} | ${decides} | [${name}](../../${file}): "${test}" |`
}

/** Codes of Kafka's own errors come with the protocol's table, and those here are fatal. */
function retriable(code: string): boolean {
  const known = { ...streamsErrors, ...kafkaErrors } as Readonly<Record<string, { readonly retriable: boolean }>>
  if (known[code] !== undefined) return known[code].retriable
  if (code.startsWith('KAFKA_')) return false
  throw new Error(`there is no error ${code}`)
}
