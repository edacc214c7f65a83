import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'

/** Where the shop writes: a live screen in a terminal, plain lines in a pipe. */
export interface Display {
  /** Something happened once. */
  event(text: string): void
  /** The state of things now; replaces the one before. */
  status(lines: readonly string[]): void
  /** Leaves the last status standing. */
  end(): void
}

const plainIntervalMs = 2_000

export function createDisplay(output: NodeJS.WriteStream): Display {
  return output.isTTY ? liveDisplay(output) : plainDisplay(output)
}

function liveDisplay(output: NodeJS.WriteStream): Display {
  let shown = 0
  const clear = (): void => {
    if (shown > 0) output.write(`\x1b[${shown}A\x1b[0J`)
    shown = 0
  }
  let last: readonly string[] = []
  const draw = (): void => {
    const width = output.columns
    for (const line of last) output.write(`${clip(line, width)}\n`)
    shown = last.length
  }
  // After a change of width nobody knows how many lines the old ones take: begin anew below them.
  output.on('resize', () => {
    shown = 0
    draw()
  })
  return {
    event(text) {
      clear()
      output.write(`${pc.dim(new Date().toLocaleTimeString('en-GB'))} ${text}\n`)
      draw()
    },
    status(lines) {
      clear()
      last = lines
      draw()
    },
    end() {
      last = []
      shown = 0
    },
  }
}

function plainDisplay(output: NodeJS.WriteStream): Display {
  let printedMs = 0
  let printed = ''
  return {
    event: (text) => output.write(`${stripVTControlCharacters(text)}\n`),
    status(lines) {
      if (Date.now() - printedMs < plainIntervalMs) return
      const line = stripVTControlCharacters(lines.slice(0, 3).join(' | ')).replaceAll(/ {2,}/g, ' ')
      if (line === printed) return
      printed = line
      printedMs = Date.now()
      output.write(`${line}\n`)
    },
    end() {},
  }
}

/** Cuts a line to the terminal's width, not counting colour codes, so that it never wraps. */
function clip(line: string, width: number): string {
  let visible = 0
  let result = ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with an escape character.
  for (const part of line.split(/(\x1b\[\d+m)/)) {
    if (part.startsWith('\x1b[')) result += part
    else {
      result += part.slice(0, Math.max(0, width - visible))
      visible += part.length
    }
  }
  return result
}
