import { RE2JS, RE2JSException } from 're2js'
import type { Topic } from '../../topics/topic.ts'
import type { GroupTopics } from './target-assignment.ts'

/** Names tried in one go; a slice of long names and a large expression takes some 10 ms. */
const matchesPerSlice = 200
/** Compiled expressions that are kept; any can be compiled again. */
const maxCompiled = 1000

const compiled = new Map<string, RE2JS>()

/** What is wrong with an expression; undefined when it is one of RE2. */
export function regexProblem(pattern: string): string | undefined {
  try {
    compile(pattern)
    return undefined
  } catch (error) {
    if (error instanceof RE2JSException) return error.message
    throw error
  }
}

/** RE2 matches in linear time, whatever the expression: a subscription cannot stop the broker. */
function compile(pattern: string): RE2JS {
  let regex = compiled.get(pattern)
  if (!regex) {
    regex = RE2JS.compile(pattern)
    if (compiled.size >= maxCompiled) compiled.clear()
    compiled.set(pattern, regex)
  }
  return regex
}

export type Resolution = Map<string, ReadonlySet<string>>

/**
 * Finds the topics that expressions stand for, in slices: call until it says `done`. Topics that come meanwhile are
 * found by the next search.
 */
export class RegexSearch {
  readonly #regexes: readonly { readonly pattern: string; readonly regex: RE2JS; readonly topics: Set<string> }[]
  readonly #names: readonly string[]
  readonly #mayDescribe: (topic: string) => boolean
  #next = 0

  constructor(patterns: Iterable<string>, topics: GroupTopics, mayDescribe: (topic: string) => boolean) {
    this.#regexes = Array.from(patterns, (pattern) => ({ pattern, regex: compile(pattern), topics: new Set<string>() }))
    this.#names = Array.from(topics.all(), (topic: Topic) => topic.name)
    this.#mayDescribe = mayDescribe
  }

  get done(): boolean {
    return this.#next >= this.#names.length
  }

  /** The whole name must match, as in Kafka. */
  slice(): void {
    const end = this.#next + Math.max(1, Math.floor(matchesPerSlice / Math.max(1, this.#regexes.length)))
    for (; this.#next < end && !this.done; this.#next++) {
      const name = this.#names[this.#next]!
      const matching = this.#regexes.filter(({ regex }) => regex.matches(name))
      if (matching.length > 0 && this.#mayDescribe(name)) for (const { topics } of matching) topics.add(name)
    }
  }

  get result(): Resolution {
    return new Map(this.#regexes.map(({ pattern, topics }) => [pattern, topics]))
  }
}
