// What is told to the person who watches: plain sentences, and paper in a frame.
import type { Writable } from 'node:stream'

export interface Story {
  /** Something begins. */
  heading(text: string): void
  say(text: string): void
  /** What is written on something: a receipt. */
  paper(title: string, text: string): void
}

/** Tells it line by line. */
export function writtenStory(stream: Writable): Story {
  const write = (line: string): void => void stream.write(`${line}\n`)
  return {
    heading: text => write(`\n${text}`),
    say: text => write(`  ${text}`),
    paper: (title, text) => write(framed(title, text)),
  }
}

/** Text in a box, as wide as its widest line. */
function framed(title: string, text: string): string {
  const lines = text.split('\n')
  const width = Math.max(title.length + 2, ...lines.map(line => [...line].length))
  const rule = '─'.repeat(width + 2)
  const top = `┌─ ${title} ${'─'.repeat(width - title.length - 1)}┐`
  const rows = lines.map(line => `│ ${line}${' '.repeat(width - [...line].length)} │`)
  return [top, ...rows, `└${rule}┘`].map(line => `  ${line}`).join('\n')
}
