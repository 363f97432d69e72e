import { isatty } from 'node:tty'
import { pino } from 'pino'
import type { Events, GateEvent } from './events.ts'
import { FoldedLines } from './folded-lines.ts'
import { createFrequentLines } from './frequent-lines.ts'
import { type Level, type LogLine, logLine } from './log-line.ts'
import { openSink, type Sink } from './log-sink.ts'
import { renderText } from './log-text.ts'

export interface LogOptions {
  readonly level: Level
  readonly format: 'json' | 'text'
  /** a file descriptor (1 is standard output), or where each line goes */
  readonly destination: number | { write(text: string): unknown }
  /** default: on a terminal, unless NO_COLOR is set */
  readonly colours?: 'colours' | 'plain'
  /** the same text without any secret of the configuration; default: as it is */
  readonly clean?: (text: string) => string
}

export interface Log extends Events {
  /** Writes what is buffered before it returns, unless the destination takes nothing more. */
  flush(): void
}

const RANK: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/**
 * The log as a reader of events: one JSON object, or one line for people, for each. Nothing written is lost but by a
 * crash within a quarter of a second, and then only below `warn`, or by a destination that takes nothing more.
 */
export function createLog(options: LogOptions): Log {
  const { level, format, destination } = options
  const sink = cleaned(sinkOf(destination), options.clean)
  const timestamp = createTimestamp()
  const write =
    format === 'json' ? jsonWriter(level, sink, timestamp) : textWriter(sink, options.colours ?? coloursOf(destination))
  const frequent = format === 'json' && RANK[level] <= RANK.info ? createFrequentLines(timestamp) : undefined
  const folded = new FoldedLines((event, times) => tell(event, times === 1 ? {} : { times }))

  function tell(event: GateEvent, more: LogLine['fields']): void {
    const line = logLine(event)
    if (RANK[line.level] < RANK[level]) return
    write({ ...line, fields: { ...line.fields, ...more } })
    if (RANK[line.level] >= RANK.warn) sink.hurry()
  }

  return {
    emit(event) {
      if (event.type === 'limited') return folded.take(event)
      const text = frequent?.(event)
      if (text === undefined) tell(event, {})
      else sink.write(text)
    },
    flush() {
      folded.flush()
      sink.flush()
    },
  }
}

function sinkOf(destination: LogOptions['destination']): Sink {
  if (typeof destination === 'number') return openSink(destination)
  return { write: text => void destination.write(text), hurry() {}, flush() {} }
}

/** Whatever a line is made of, no secret of the configuration is in it when it is written. */
function cleaned(sink: Sink, clean: LogOptions['clean']): Sink {
  return clean === undefined ? sink : { ...sink, write: text => sink.write(clean(text)) }
}

function jsonWriter(level: Level, sink: Sink, timestamp: () => string): (line: LogLine) => void {
  const logger = pino(
    {
      level,
      base: null,
      timestamp,
      formatters: { level: label => ({ level: label }) },
      serializers: {},
    },
    sink,
  )
  return ({ level: at, message, fields }) => logger[at](fields, message)
}

function textWriter(sink: Sink, colours: 'colours' | 'plain'): (line: LogLine) => void {
  return line => sink.write(renderText(line, new Date(), colours))
}

/** A thousand requests of one millisecond share a text. */
function createTimestamp(): () => string {
  let last = 0
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== last) {
      last = now
      text = `,"time":"${new Date(now).toISOString()}"`
    }
    return text
  }
}

function coloursOf(destination: LogOptions['destination']): 'colours' | 'plain' {
  const terminal = typeof destination === 'number' && isatty(destination)
  return terminal && (process.env['NO_COLOR'] ?? '') === '' ? 'colours' : 'plain'
}
