import { execFileSync, spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { StartError } from '../../start-error.js'
import { program, programEnvironment, WAY_OUT } from './program.js'

/** The user that PostgreSQL runs as, where it cannot run as ours. */
export interface SystemUser {
  uid: number
  gid: number
  /** The command that lets it pass through folders which only root may enter; empty where it can pass by itself. */
  through: string[]
}

/**
 * Below a folder that only root may enter, such as root's home, this capability lets the user pass through folders and
 * read. What it may write stays its own. Without the secure bit the kernel ignores the capability in access(2), with
 * which PostgreSQL's programs look for each other. Source: capabilities(7), access(2).
 */
const PRIVILEGES = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search', '--securebits=+no_setuid_fixup']

/** PostgreSQL refuses to run as root: there it runs as the system user `postgres`, made when missing. */
export function systemUser(dataDir: string): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }))
  const find = () => ({ uid: id('-u'), gid: id('-g') })
  let user
  try {
    user = find()
  } catch {
    spawnSync('groupadd', ['--system', 'postgres'], { stdio: 'ignore' })
    spawnSync('useradd', ['--system', '-g', 'postgres', 'postgres'], { stdio: 'ignore' })
    try {
      user = find()
    } catch {
      throw new StartError(
        `PostgreSQL does not run as root, and no system user "postgres" could be made. Start Polity as an ordinary user, or ${WAY_OUT}.`,
      )
    }
  }
  const alone = reach({ ...user, through: [] }, dataDir)
  if (alone.status === 0) return { ...user, through: [] }
  const through = ['setpriv', ...PRIVILEGES, `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
  if (reach({ ...user, through }, dataDir).status === 0) return { ...user, through }
  const programs = alone.status === PROGRAMS_FAIL
  const path = programs ? `PostgreSQL's programs in ${dirname(program('postgres'))}` : `the data folder ${dataDir}`
  const move = `${programs ? 'install Polity in' : 'set DATA_DIR to'} a folder that every user may enter`
  throw new StartError(
    `PostgreSQL does not run as root but as the user "postgres", who cannot use ${path} (${alone.said}). Start Polity as an ordinary user, ${move}, or ${WAY_OUT}.`,
  )
}

const PROGRAMS_FAIL = 3
const REACH = `cd "$1" || exit 2; "$2" --show --pgdata="$1" || exit ${PROGRAMS_FAIL}`

/**
 * Tries whether the user can enter the data folder and run PostgreSQL's programs. Nothing less than running initdb proves
 * it, because initdb looks for `postgres` with the rights of the real user.
 */
function reach({ uid, gid, through }: SystemUser, dataDir: string): { status: number | null; said: string } {
  const [command = '', ...args] = [...through, '/bin/sh', '-c', REACH, 'sh', dataDir, program('initdb')]
  const { status, stderr, error } = spawnSync(command, args, {
    ...(through.length ? {} : { uid, gid }),
    cwd: '/',
    env: programEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, said: error?.message ?? stderr.trim().split('\n').at(-1) ?? '' }
}
