import t from 'tap'
import { GateError } from '../../src/domain/base/errors.ts'
import type { FilePath } from '../../src/domain/packaging/artifact.ts'
import { parseProjectName } from '../../src/domain/packaging/name.ts'
import type { RunningGate } from '../../src/gate/gate.ts'
import { createHeldGate } from '../../src/gate/held-gate.ts'
import { listed, NOW } from '../world/judging/judging.ts'

const { project, filename, path } = listed('pkg-1.0.0.tar.gz')

/** A gate that answers every question with one error, and what is noted of it. */
function heldBehind(error: Error, { internal = '', owned = '' } = {}) {
  const noted: (readonly [project: string, filename: string | undefined])[] = []
  const fails = () => Promise.reject(error)
  const gate = { page: fails, legacy: fails, locate: fails, locateByName: fails, provenance: fails }
  const misses = { note: (of: string, name: string | undefined) => void noted.push([of, name]) }
  const reserved = { isInternal: (name: string) => name === internal, isOwned: (name: string) => name === owned }
  return { noted, held: createHeldGate(gate as unknown as RunningGate, { ...reserved, misses, clock: () => NOW }) }
}

t.test('what a mirror does not hold is said to be that, and noted', async t => {
  for (const code of ['no-project', 'not-listed', 'not-found'] as const) {
    const { held, noted } = heldBehind(new GateError(code, 'absent'))
    await t.rejects(held.page(project, 'json'), { code: 'not-in-mirror' }, code)
    await t.rejects(held.locate(path), { code: 'not-in-mirror', detail: /pkg-1\.0\.0\.tar\.gz/ }, code)
    await t.rejects(held.locateByName(project, filename), { code: 'not-in-mirror' }, code)
    t.strictSame(noted, [
      ['pkg', undefined],
      ['pkg', 'pkg-1.0.0.tar.gz'],
      ['pkg', 'pkg-1.0.0.tar.gz'],
    ])
  }
})

t.test('what nobody can tell stays that, and is not noted', async t => {
  for (const error of [new GateError('unknown-store', 'disk'), new TypeError('a defect')]) {
    const { held, noted } = heldBehind(error)
    await t.rejects(held.page(parseProjectName('pkg'), 'json'), error)
    t.strictSame(noted, [])
  }
})

t.test('a path that no project could have is noted of nobody', async t => {
  const { held, noted } = heldBehind(new GateError('not-listed', 'absent'))
  await t.rejects(held.locate('/packages/nothing' as FilePath), { code: 'not-in-mirror' })
  t.strictSame(noted, [])
})

t.test('of a file name that several projects could have, the one is noted that somebody owns', async t => {
  const ambiguous = '/packages/left-hand-1.0-1.tar.gz' as FilePath
  const ask = async (reserved: Parameters<typeof heldBehind>[1]) => {
    const { held, noted } = heldBehind(new GateError('not-listed', 'absent'), reserved)
    await t.rejects(held.locate(ambiguous), { code: 'not-in-mirror' })
    return noted.map(([of]) => of)
  }
  t.strictSame(await ask({}), ['left-hand-1-0'])
  t.strictSame(await ask({ owned: 'left-hand' }), ['left-hand'])
  t.strictSame(await ask({ internal: 'left-hand' }), [], 'and nobody where one of them is internal')
})
