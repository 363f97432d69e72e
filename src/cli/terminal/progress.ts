import { cut } from '../../domain/base/cut.ts'
import type { Output } from './output.ts'
import { inert } from './screen.ts'

/** What is being waited for: one line on a terminal's stderr that is drawn over, on a log a line a minute. */
export interface Progress {
  show(text: string): void
  clear(): void
}

const WIDTH = 24

/** `[######..................]` */
export function drawBar(done: number, all: number): string {
  const filled = all === 0 ? WIDTH : Math.min(WIDTH, Math.round((WIDTH * done) / all))
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`
}

/** For work that tells what it does, and how much of it is done. */
export function showSteps(progress: Progress): (what: string, done: number, all: number) => void {
  return (what, done, all) => progress.show(`${drawBar(done, all)} ${what} ${done} of ${all}`)
}

const WIPE = '\r\u001b[2K'

/** On a log: what takes less than that says nothing, and a night's work some hundred lines. */
const LINE_EVERY_MS = 60_000
const BAR = /^\[[#.]*\] /

/** `now`: milliseconds of a clock that only goes on. */
export function createProgress({ progress, err }: Output, now: () => number = () => performance.now()): Progress {
  return progress ? onTerminal(err) : onLog(err, now)
}

function onLog(err: Output['err'], now: () => number): Progress {
  let told = now()
  return {
    show(text) {
      if (now() - told < LINE_EVERY_MS) return
      told = now()
      err(`${inert(text.replace(BAR, ''))}\n`)
    },
    clear() {},
  }
}

function onTerminal(err: Output['err']): Progress {
  let shown = false
  return {
    show(text) {
      err(`${WIPE}${cut(inert(text), 77)}`)
      shown = true
    },
    clear() {
      if (shown) err(WIPE)
      shown = false
    },
  }
}
