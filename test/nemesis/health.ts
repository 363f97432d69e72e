import type { GateProcess } from './gate-process.ts'
import type { createWire } from './wire.ts'

const BEAT_MS = 250
const REMEMBERED_MS = 5_000

/** Asks a running gate for nothing, again and again: as long as that takes, nothing else gets its turn. */
export function createHealth(wire: ReturnType<typeof createWire>, waits: number[]) {
  let beats: { readonly began: number; ended: number | undefined }[] = []
  let timer: NodeJS.Timeout | undefined
  return {
    watch(gate: GateProcess) {
      timer = setInterval(() => {
        const { url, life } = gate
        if (url === undefined) return
        const now = performance.now()
        const beat: (typeof beats)[number] = { began: now, ended: undefined }
        beats = [...beats.filter(({ ended = now }) => ended > now - REMEMBERED_MS), beat]
        void wire.ask(url, { client: '127.0.0.9', path: '/healthz', patience: 60_000 }).then(() => {
          beat.ended = performance.now()
          const wasUp = gate.url === url && gate.life === life
          if (wasUp && gate.stoodStillUntil < beat.began) waits.push(beat.ended - beat.began)
        })
      }, BEAT_MS)
    },
    slowest() {
      const now = performance.now()
      return Math.max(0, ...beats.map(({ began, ended = now }) => ended - began))
    },
    end: () => clearInterval(timer),
  }
}
