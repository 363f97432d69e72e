import { formatInstant } from '../../domain/base/instant.ts'
import type { Changed, Replay, Untold } from '../../gate/records/replay.ts'
import { type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

export function replayJson({ requests, changed, watched, untold }: Replay): object {
  const times = ({ first, last, ...rest }: Changed | Untold) => ({
    ...rest,
    sha256: rest.sha256 ?? null,
    first: formatInstant(first),
    last: formatInstant(last),
  })
  return { requests, changed: changed.map(times), watched: watched.map(times), untold: untold.map(times) }
}

export function renderReplay(screen: Screen, { requests, changed, watched, untold }: Replay): void {
  for (const [project, files] of Map.groupBy(changed, it => it.project)) {
    screen.line(styled('strong', project))
    for (const change of files) renderChange(screen, change)
  }
  if (watched.length > 0) {
    if (changed.length > 0) screen.line()
    screen.line(styled('doubt', 'would only be watched'), ': the policy is in mode: audit; enforced, it would refuse')
    for (const it of watched)
      screen.line('  ', styled('doubt', '!'), ` ${it.filename}: ${it.to.code.replace('audit:', '')}, ${hits(it)}`)
  }
  if (untold.length > 0) {
    if (changed.length + watched.length > 0) screen.line()
    screen.line(
      styled('doubt', 'cannot be determined'),
      ': the provenance that it takes is not on record; `portcullis explain FILE --policy …` asks for it',
    )
    for (const it of untold)
      screen.line('  ', styled('doubt', '?'), ` ${it.filename}: was ${it.from.code}, ${hits(it)}`)
  }
  if (changed.length + watched.length + untold.length > 0) screen.line()
  const refused = changed.filter(({ to }) => to.outcome === 'refused')
  const others = changed.filter(({ to }) => to.outcome === 'admitted')
  screen.line(`${counted(requests, 'request')} replayed`)
  screen.line(`  ${files(refused)} would be refused that passed (${counted(sum(refused), 'request')})`)
  const were = new Set(others.map(({ filename }) => filename)).size === 1 ? 'was' : 'were'
  screen.line(`  ${files(others)} would pass that ${were} refused (${counted(sum(others), 'request')})`)
  if (watched.length > 0) screen.line(`  ${files(watched)} would only be watched (${counted(sum(watched), 'request')})`)
  if (untold.length > 0) screen.line(`  ${files(untold)} cannot be determined (${counted(sum(untold), 'request')})`)
}

function files(list: readonly Untold[]): string {
  return counted(new Set(list.map(({ project, filename, sha256 }) => `${project} ${filename} ${sha256}`)).size, 'file')
}

function sum(list: readonly Untold[]): number {
  return list.reduce((total, { requests }) => total + requests, 0)
}

function renderChange(screen: Screen, { filename, from, to, ...counts }: Changed): void {
  const [mark, style] = to.outcome === 'refused' ? (['✗', 'bad'] as const) : (['✓', 'good'] as const)
  const was = `${from.outcome} (${from.code})`
  screen.line(
    '  ',
    styled(style, mark),
    ` ${filename}: was ${was}, would be `,
    styled(style, `${to.outcome} (${to.code})`),
  )
  screen.line(`    ${hits(counts)}`)
  if (to.outcome === 'refused') screen.prose(['    '], to.detail)
}

function hits({ requests, clients, last }: Pick<Changed, 'requests' | 'clients' | 'last'>): string {
  return `${counted(requests, 'request')} by ${counted(clients, 'client')}, the last on ${formatInstant(last).slice(0, 16)}Z`
}
