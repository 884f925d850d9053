import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = (name) => fileURLToPath(new URL(`./${name}/`, import.meta.url))

/** A peer from npm: installed into its own folder, by its own package.json. */
export const npmPeer = (name) => ({
  missing: () => {
    const wanted = Object.keys(JSON.parse(readFileSync(`${folder(name)}package.json`, 'utf8')).dependencies)
    const absent = wanted.filter((dependency) => !existsSync(`${folder(name)}node_modules/${dependency}/package.json`))
    return absent.length > 0 ? 'not installed; --install installs it' : undefined
  },
  install: () =>
    execFileSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder(name),
      stdio: 'pipe',
      // One of Directus's dependencies is compiled, which alone may take minutes.
      timeout: 900_000,
    }),
})

/** A peer from Debian's packages. @param check a command that works once they are installed */
export const debianPeer = (packages, check) => ({
  missing: () => {
    try {
      execFileSync(check[0], check.slice(1), { stdio: 'pipe' })
    } catch {
      return `not installed; --install installs ${packages.join(', ')}, as root`
    }
  },
  install: () => {
    const apt = (...args) => execFileSync('apt-get', args, { stdio: 'pipe', timeout: 300_000 })
    apt('update', '-qq')
    apt('install', '-y', '-qq', '--no-install-recommends', ...packages)
  },
})
