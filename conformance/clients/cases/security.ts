import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { OperationName, Operations, Settings } from '../programs/operations.ts'
import type { Program } from '../programs/program.ts'
import { type Case, defineCase, type Run } from './case.ts'

/** The topic that the users of these cases have rights about, or none. */
export const securedTopic = 'secured'

/** Who logs in how; files are those of the brokers under test. */
export interface Login {
  readonly listener: 'TLS' | 'MUTUAL' | 'SECURE' | 'SHORT'
  readonly protocol: Settings['protocol']
  /** Whose certificates the client trusts: those of the brokers' authority unless this says otherwise. */
  readonly trusts?: 'another authority'
  readonly certificate?: 'of the authority' | 'of another authority'
  readonly mechanism?: Settings['mechanism']
  readonly username?: keyof typeof passwords
  readonly password?: string
  readonly token?: 'right' | 'for another audience'
}

/** A case of a client that has to log in first. */
export interface SecurityCase extends Case {
  readonly login: Login
}

export const passwords = {
  alice: 'alice-secret',
  bob: 'bob-secret',
  reader: 'reader-secret',
  barred: 'barred-secret',
  nobody: 'nobody-secret',
} as const

/** What clients tell of errors beside their name, in whatever words. */
const subjects: Readonly<Record<string, RegExp>> = {
  login: /authenticat|sasl/i,
  TLS: /\bssl|\btls|certificate|handshake/i,
  rights: /authoriz/i,
}

type Outcome = { readonly error: string; readonly about: readonly string[] } | { readonly result: unknown }

/** Runs an operation; what comes of it, or the client's name of the error with what its words and its log are about. */
async function outcome<Name extends OperationName>(
  { client, program }: Run,
  op: Name,
  args: Operations[Name][0],
  of: (result: Operations[Name][1]) => unknown = () => 'done',
): Promise<Outcome> {
  const answer = await program.attempt(op, args)
  if (!('error' in answer)) {
    const refused = (answer.result as { error?: string } | undefined)?.error
    if (refused === undefined || refused === 'NONE') return { result: of(answer.result) }
    return { error: refused, about: [] }
  }
  const { error, message } = answer
  if (client.logsByChance !== undefined) return { error, about: [] }
  // What the client wrote into its log comes another way than its answer.
  if (program.warnings.length === 0) await delay(100)
  return { error, about: aboutOf(program, message) }
}

function aboutOf(program: Program, message: string): string[] {
  const subjectsOf = (text: string): string[] =>
    Object.keys(subjects).filter((subject) => subjects[subject]!.test(text))
  const told = subjectsOf(message)
  return told.length > 0 ? told : subjectsOf(program.warnings.join('\n'))
}

const list = (run: Run): Promise<Outcome> =>
  outcome(run, 'listTopics', {}, (names) => names.filter((name) => !name.startsWith('__')))
const write = (run: Run): Promise<Outcome> =>
  outcome(run, 'produce', { topic: securedTopic, records: [{ value: 'written', partition: 0 }] })
const read = (run: Run, timeoutMs = 30_000): Promise<Outcome> =>
  outcome(run, 'read', { topic: securedTopic, count: 1, timeoutMs }, ({ records }) => records.length)

const all = async (run: Run) => [await list(run), await write(run), await read(run)]
const everything: readonly Outcome[] = [{ result: [securedTopic] }, { result: 'done' }, { result: 1 }]

function logsIn(name: string, login: Login, needs: Case['needs'] = []): SecurityCase {
  const one = defineCase({
    name: `${name}: logs in, lists, writes and reads`,
    subject: 'security',
    needs: ['listTopics', 'produce', 'read', ...needs],
    run: all,
    check: (outcomes) => assert.deepEqual(outcomes, everything),
  })
  return { ...one, login }
}

function isRefused(name: string, login: Login, needs: Case['needs'] = []): SecurityCase {
  const one = defineCase({
    name: `${name}: is refused`,
    subject: 'security',
    needs: ['listTopics', ...needs],
    run: list,
    check: (answer) => assert.ok('error' in answer, JSON.stringify(answer)),
  })
  return { ...one, login }
}

const tls = { listener: 'TLS', protocol: 'SSL' } as const
const mutual = { listener: 'MUTUAL', protocol: 'SSL' } as const
const secure = { listener: 'SECURE', protocol: 'SASL_SSL' } as const

function user(
  mechanism: NonNullable<Settings['mechanism']>,
  username: keyof typeof passwords = 'alice',
  password: string = passwords[username],
): Login {
  return { ...secure, mechanism, username, password }
}

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
const bearer = { ...secure, mechanism: 'OAUTHBEARER' } as const

const logins: readonly SecurityCase[] = [
  logsIn('TLS', tls),
  isRefused('TLS, the broker is not trusted', { ...tls, trusts: 'another authority' }),
  isRefused('no TLS where the listener speaks it', { listener: 'TLS', protocol: 'PLAINTEXT' }),
  logsIn('a client certificate', { ...mutual, certificate: 'of the authority' }),
  isRefused('a client certificate of another authority', { ...mutual, certificate: 'of another authority' }),
  isRefused('no client certificate where one is asked for', mutual),
  isRefused('TLS without a login where one is asked for', { listener: 'SECURE', protocol: 'SSL' }),
  ...mechanisms.flatMap((mechanism) => [
    logsIn(mechanism, user(mechanism)),
    isRefused(`${mechanism}, a wrong password`, user(mechanism, 'alice', 'wrong')),
    isRefused(`${mechanism}, a user that is not there`, user(mechanism, 'nobody')),
  ]),
  isRefused('a mechanism that the listener has not', { ...user('SCRAM-SHA-256'), listener: 'SHORT' }),
  logsIn('OAUTHBEARER', { ...bearer, token: 'right' }, ['OAUTHBEARER']),
  isRefused('OAUTHBEARER, a token for another audience', { ...bearer, token: 'for another audience' }, ['OAUTHBEARER']),
]

/** Long enough for a session of 1.2 s to be renewed twice. */
const renewedMs = 3_000

const rights: readonly SecurityCase[] = [
  {
    login: user('PLAIN', 'bob'),
    ...defineCase({
      name: 'without rights nothing is shown, written or read',
      subject: 'security',
      needs: ['listTopics', 'produce', 'read'],
      run: async (run) => [await list(run), await write(run), await read(run, 5_000)],
      check: ([listed, written, seen]) => {
        assert.deepEqual(listed, { result: [] })
        assert.ok('error' in written!)
        assert.notDeepEqual(seen, { result: 1 })
      },
    }),
  },
  {
    login: user('SCRAM-SHA-256', 'bob'),
    ...defineCase({
      name: 'without rights nothing is created, altered or deleted',
      subject: 'security',
      needs: ['createTopics', 'createPartitions', 'alterConfigs', 'deleteTopics', 'deleteGroup'],
      async run(run) {
        const set = { 'retention.ms': '1' }
        return [
          await outcome(run, 'createTopics', { topics: [{ name: 'mine', partitions: 1 }] }, (names) => names.mine),
          await outcome(run, 'createPartitions', { topic: securedTopic, count: 9 }),
          await outcome(run, 'alterConfigs', { type: 'topic', name: securedTopic, set }),
          await outcome(run, 'deleteTopics', { names: [securedTopic] }, (names) => names[securedTopic]),
          await outcome(run, 'deleteGroup', { group: 'theirs' }),
        ]
      },
      check: (outcomes) => {
        for (const one of outcomes) assert.ok('error' in one || !['NONE', 'done'].includes(one.result as string))
      },
    }),
  },
  {
    login: user('PLAIN', 'reader'),
    ...defineCase({
      name: 'who may only read reads, and does not write',
      subject: 'security',
      needs: ['produce', 'read'],
      run: async (run) => {
        await write({ ...run, program: run.helper })
        return [await read(run), await write(run)]
      },
      check: ([seen, written]) => {
        assert.deepEqual(seen, { result: 1 })
        assert.ok('error' in written!)
      },
    }),
  },
  {
    login: user('PLAIN', 'barred'),
    ...defineCase({
      name: 'a denial outweighs what is allowed',
      subject: 'security',
      needs: ['produce', 'read'],
      run: async (run) => [await write(run), await read(run, 5_000)],
      check: ([written, seen]) => {
        assert.deepEqual(written, { result: 'done' })
        assert.notDeepEqual(seen, { result: 1 })
      },
    }),
  },
  {
    login: { ...user('PLAIN'), listener: 'SHORT' },
    ...defineCase({
      name: 'a client goes on while its sessions are renewed',
      subject: 'security',
      needs: ['listTopics', 'renewed sessions'],
      async run(run) {
        const seen = new Set<string>()
        for (const end = Date.now() + renewedMs; Date.now() < end; ) seen.add(JSON.stringify(await list(run)))
        return [...seen]
      },
      check: (seen) => assert.deepEqual(seen, [JSON.stringify({ result: [securedTopic] })]),
    }),
  },
]

/** The cases in which a client logs in, rightly and wrongly, with rights and without. */
export const securityCases: readonly SecurityCase[] = [...logins, ...rights]
