import { call, isEqual, memberOf, truth } from './operations.ts'
import { type Token, tokensOf } from './tokens.ts'

/** What names mean in an expression. */
export type Scope = Readonly<Record<string, unknown>>
type Evaluate = (scope: Scope) => unknown

const depthMax = 100
const comparisons = ['<', '<=', '>', '>='] as const

/**
 * Compiles what JavaScript and Groovy have in common in conditions: `value.op == 'u' && value.after.id > 5 ? 'a' : null`.
 * There is nothing in it that reaches beyond the names of its scope, so that a config is no program.
 *
 * @throws SyntaxError
 */
export function compileExpression(text: string, names: readonly string[]): Evaluate {
  const parser = new Parser(tokensOf(text), names)
  const evaluate = parser.ternary()
  parser.expect('')
  return evaluate
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #names: readonly string[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[], names: readonly string[]) {
    this.#tokens = tokens
    this.#names = names
  }

  expect(text: string): void {
    if (this.#take(text)) return
    const { at, text: found } = this.#next
    throw new SyntaxError(`at ${at}: ${text === '' ? `${found} is too much` : `${text} is missing`}`)
  }

  ternary(): Evaluate {
    if (++this.#depth > depthMax) throw new SyntaxError('too deep')
    const condition = this.#or()
    let result = condition
    if (this.#take('?')) {
      const then = this.ternary()
      this.expect(':')
      const otherwise = this.ternary()
      result = (scope) => (truth(condition(scope)) ? then(scope) : otherwise(scope))
    }
    this.#depth--
    return result
  }

  #or(): Evaluate {
    let left = this.#and()
    while (this.#take('||')) {
      const [first, second] = [left, this.#and()]
      left = (scope) => truth(first(scope)) || truth(second(scope))
    }
    return left
  }

  #and(): Evaluate {
    let left = this.#equality()
    while (this.#take('&&')) {
      const [first, second] = [left, this.#equality()]
      left = (scope) => truth(first(scope)) && truth(second(scope))
    }
    return left
  }

  #equality(): Evaluate {
    let left = this.#comparison()
    for (;;) {
      const isPositive = this.#take('==') || this.#take('===')
      if (!isPositive && !this.#take('!=') && !this.#take('!==')) return left
      const [first, second] = [left, this.#comparison()]
      left = (scope) => isEqual(first(scope), second(scope)) === isPositive
    }
  }

  #comparison(): Evaluate {
    const left = this.#sum()
    const operator = comparisons.find((each) => this.#take(each))
    if (operator === undefined) return left
    const right = this.#sum()
    return (scope) => compare(operator, left(scope), right(scope))
  }

  #sum(): Evaluate {
    let left = this.#unary()
    for (;;) {
      const isPlus = this.#take('+')
      if (!isPlus && !this.#take('-')) return left
      const [first, second] = [left, this.#unary()]
      left = (scope) => add(first(scope), second(scope), isPlus)
    }
  }

  #unary(): Evaluate {
    if (this.#take('!')) {
      const operand = this.#unary()
      return (scope) => !truth(operand(scope))
    }
    if (this.#take('-')) {
      const operand = this.#unary()
      return (scope) => add(0, operand(scope), false)
    }
    return this.#member()
  }

  #member(): Evaluate {
    let object = this.#primary()
    for (;;) {
      const owner = object
      if (this.#take('[')) {
        const name = this.ternary()
        this.expect(']')
        object = (scope) => memberOf(owner(scope), name(scope))
      } else if (this.#take('.') || this.#take('?.')) {
        const { kind, text, at } = this.#tokens[this.#at++]!
        if (kind !== 'name') throw new SyntaxError(`at ${at}: a name is missing`)
        if (this.#take('(')) {
          const parameters = this.#parameters()
          object = (scope) =>
            call(
              owner(scope),
              text,
              parameters.map((each) => each(scope)),
            )
        } else object = (scope) => memberOf(owner(scope), text)
      } else return object
    }
  }

  #parameters(): Evaluate[] {
    const list: Evaluate[] = []
    if (this.#take(')')) return list
    do list.push(this.ternary())
    while (this.#take(','))
    this.expect(')')
    return list
  }

  #primary(): Evaluate {
    const { kind, text, at } = this.#next
    this.#at++
    if (kind === 'number') return () => Number(text)
    if (kind === 'string') return () => text
    if (kind === 'name') return this.#name(text, at)
    if (text === '(') {
      const inner = this.ternary()
      this.expect(')')
      return inner
    }
    if (text === '[') return this.#list()
    throw new SyntaxError(`at ${at}: ${text || 'the end'} where a value is missing`)
  }

  #list(): Evaluate {
    const items: Evaluate[] = []
    while (!this.#take(']')) {
      items.push(this.ternary())
      if (!this.#take(',')) {
        this.expect(']')
        break
      }
    }
    return (scope) => items.map((item) => item(scope))
  }

  #name(text: string, at: number): Evaluate {
    const constants: Readonly<Record<string, unknown>> = { true: true, false: false, null: null, undefined: null }
    if (Object.hasOwn(constants, text)) return () => constants[text]
    if (this.#names.includes(text)) return (scope) => scope[text]
    throw new SyntaxError(`at ${at}: ${text} is not one of ${this.#names.join(', ')}`)
  }

  get #next(): Token {
    return this.#tokens[this.#at]!
  }

  #take(text: string): boolean {
    const { kind, text: found } = this.#next
    const isIt = text === '' ? kind === 'end' : kind === 'operator' && found === text
    if (isIt && text !== '') this.#at++
    return isIt
  }
}

function compare(operator: (typeof comparisons)[number], a: unknown, b: unknown): boolean {
  const areNumbers = [a, b].every((value) => typeof value === 'number' || typeof value === 'bigint')
  if (!areNumbers && !(typeof a === 'string' && typeof b === 'string')) {
    throw new TypeError(`${operator} between other things than two numbers or two strings`)
  }
  const [left, right] = [a as number, b as number]
  switch (operator) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
    default:
      throw operator satisfies never
  }
}

/** Numbers are added, anything is joined to a string. */
function add(a: unknown, b: unknown, isPlus: boolean): unknown {
  if (isPlus && (typeof a === 'string' || typeof b === 'string')) return `${a}${b}`
  if (typeof a === 'bigint' && typeof b === 'bigint') return isPlus ? a + b : a - b
  const numbers = [a, b].every((value) => typeof value === 'number' || typeof value === 'bigint')
  if (!numbers) throw new TypeError(`${isPlus ? '+' : '-'} with something that is no number`)
  return isPlus ? Number(a) + Number(b) : Number(a) - Number(b)
}
