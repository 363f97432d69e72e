import type { Output } from './output.ts'
import { inert } from './screen.ts'

/** One line on a terminal's stderr that says what is being waited for; nothing where stderr is no terminal. */
export interface Progress {
  show(text: string): void
  clear(): void
}

const WIPE = '\r\u001b[2K'

export function createProgress({ progress, err }: Output): Progress {
  let shown = false
  return {
    show(text) {
      if (!progress) return
      err(`${WIPE}${inert(text).slice(0, 78)}`)
      shown = true
    },
    clear() {
      if (shown) err(WIPE)
      shown = false
    },
  }
}
