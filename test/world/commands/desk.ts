import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { stringify } from 'yaml'
import {
  createWorld,
  type Published,
  type Release,
  type ReleaseRequest,
  type World,
  type WorldOptions,
} from '../world.ts'
import { type CommandOptions, type Ended, runCommand } from './commands.ts'

/** Where somebody sits who runs commands: ./portcullis.yaml stands in front of a world. */
export interface Desk {
  readonly world: World
  run(...argv: readonly string[]): Promise<Ended>
  with(options: Partial<CommandOptions>): (...argv: readonly string[]) => Promise<Ended>
  /** writes a file beside the configuration and returns its path */
  write(name: string, text: string): string
  read(name: string): string
  /** writes a published file, and its provenance beside it */
  save(
    file: Published,
    changes?: { readonly name?: string; readonly bytes?: Buffer },
  ): { path: string; provenance: string }
}

export async function desk(t: Test, options: WorldOptions = {}): Promise<Desk> {
  const world = await createWorld(t, options)
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(world.configuration()))
  const using =
    (changes: Partial<CommandOptions>) =>
    (...argv: readonly string[]) =>
      runCommand(argv, { folder: world.folder, ...changes })
  return {
    world,
    run: using({}),
    with: using,
    write(name, text) {
      const path = join(world.folder, name)
      writeFileSync(path, text)
      return path
    },
    read: name => readFileSync(join(world.folder, name), 'utf8'),
    save(file, { name = file.filename, bytes = file.bytes } = {}) {
      const path = join(world.folder, name)
      const provenance = `${path}.provenance`
      writeFileSync(path, bytes)
      writeFileSync(provenance, file.provenance ?? '')
      return { path, provenance }
    },
  }
}

/** A release, and the policy of the world that admits it. */
export async function release(
  desk: Desk,
  project: string,
  version: string,
  request?: ReleaseRequest,
): Promise<Release> {
  const released = await desk.world.release(project, version, request)
  desk.world.writePolicy()
  return released
}

export function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}
