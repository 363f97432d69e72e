import { cut } from '../../domain/base/cut.ts'
import type { Output } from './output.ts'
import { inert } from './screen.ts'

/** One line on a terminal's stderr that says what is being waited for; nothing where stderr is no terminal. */
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
  return (what, done, all) => progress.show(`${what} ${done} of ${all}`)
}

const WIPE = '\r\u001b[2K'

export function createProgress({ progress, err }: Output): Progress {
  let shown = false
  return {
    show(text) {
      if (!progress) return
      err(`${WIPE}${cut(inert(text), 77)}`)
      shown = true
    },
    clear() {
      if (shown) err(WIPE)
      shown = false
    },
  }
}
