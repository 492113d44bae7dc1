// What a check found, word by word as it was found, with file and line.
import { place, type Finding } from './findings'
import styles from './Policies.module.css'

interface Props {
  findings: readonly Finding[]
  grave?: boolean
  /** Goes to a finding's place; absent where there is nowhere to go. */
  onGoTo?: (finding: Finding) => void
  /** Which findings have a place to go to; all, where it is not said. */
  reachable?: (finding: Finding) => boolean
  /** How a finding's place is called, where not by file and line. */
  nameOf?: (finding: Finding) => string
}

export function FindingsList({ findings, grave = false, onGoTo, reachable, nameOf = place }: Props) {
  return (
    <ul className={styles.findings} data-grave={grave || undefined}>
      {findings.map((finding) => {
        const name = nameOf(finding)
        const goes = onGoTo !== undefined && (reachable === undefined || reachable(finding))
        return (
          <li key={`${place(finding)} ${finding.message}`}>
            {name !== '' && !goes && <b className={styles.where}>{name}</b>}
            {name !== '' && goes && (
              <button type="button" className={styles.goTo} onClick={() => onGoTo(finding)}>
                {name}
              </button>
            )}
            <pre>{finding.message}</pre>
          </li>
        )
      })}
    </ul>
  )
}
