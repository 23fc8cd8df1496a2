//! Which later changes a signature allows (ISO 32000-2 §12.8.2): DocMDP, FieldMDP, the field's lock, and the profile's own rule.

use pdf::{Dict, Document, Object};

use super::find::Found;
use crate::changes::{Change, Class};
use crate::plan::SEAL_FIELD;
use crate::report::{Reason, Role};

/// The fields that a signature locks.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Locked {
    All,
    Include(Vec<String>),
    Exclude(Vec<String>),
}

impl Locked {
    fn locks(&self, field: &str) -> bool {
        let named = |list: &[String]| {
            list.iter().any(|name| {
                field == name || field.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
            })
        };
        match self {
            Locked::All => true,
            Locked::Include(list) => named(list),
            Locked::Exclude(list) => !named(list),
        }
    }
}

/// What is in force after one signature.
#[derive(Clone, Debug, Default)]
pub(crate) struct Permissions {
    /// P of a DocMDP transform or of the field's lock; the smaller one.
    mdp: Option<i64>,
    /// P as the field's lock asks for it.
    asked: Option<i64>,
    locks: Vec<Locked>,
    /// The role in a certified copy, when that profile applies.
    copy: Option<Role>,
}

impl Permissions {
    /// Reads the transforms of a signature. An unreadable one locks everything.
    pub(crate) fn read(view: &Document<'_>, found: &Found) -> Result<Permissions, pdf::Error> {
        let mut permissions = Permissions::default();
        for reference in view.get(&found.dict, b"Reference")?.as_array().unwrap_or_default() {
            let reference = view.resolve(reference)?;
            let Some(reference) = reference.as_dict() else { continue };
            let empty = Dict::new();
            let parameters = view.get(reference, b"TransformParams")?.as_dict().unwrap_or(&empty);
            match view.get(reference, b"TransformMethod")?.as_name() {
                Some(b"DocMDP") => {
                    let level = view.get(parameters, b"P")?.as_int().unwrap_or(2);
                    // B2: only a certification may allow annotations; whatever else says P restricts, and loosens nothing.
                    let most = if certifies(view, found)? { 3 } else { 2 };
                    permissions.restrict(if level == 3 { most } else { level });
                }
                Some(b"FieldMDP") => permissions.locks.push(locked(view, parameters)?),
                _ => {}
            }
        }
        if let Some(lock) = &found.lock {
            if lock.contains(b"Action") {
                permissions.locks.push(locked(view, lock)?);
            }
            if let Some(level) = view.get(lock, b"P")?.as_int() {
                permissions.asked = Some(level);
                // B3: the smaller one counts; a lock raises nothing above what an approval leaves.
                permissions.restrict(if level == 3 && permissions.mdp.is_none() { 2 } else { level });
            }
        }
        Ok(permissions)
    }

    /// Adds the stricter rule of a certified copy.
    pub(crate) fn for_copy(mut self, role: Role) -> Permissions {
        self.copy = Some(role);
        self
    }

    /// P of the certification, if there is one.
    pub(crate) fn level(&self) -> Option<i64> {
        self.mdp
    }

    /// Locks all fields without exception.
    pub(crate) fn locks_all(&self) -> bool {
        self.locks.contains(&Locked::All)
    }

    fn restrict(&mut self, level: i64) {
        let level = if (1..=3).contains(&level) { level } else { 1 };
        self.mdp = Some(self.mdp.map_or(level, |now| now.min(level)));
    }

    /// May this have happened after the signature, by ISO 32000?
    pub(crate) fn permit(&self, change: &Change) -> bool {
        let forms = self.mdp.is_none_or(|level| level >= 2);
        let free = |field: &str| !self.locks.iter().any(|lock| lock.locks(field));
        match &change.class {
            Class::Material | Class::Metadata | Class::Covering => true,
            Class::BesideSigning => forms,
            Class::Signing { field, created, visible } => {
                forms && free(field) && !(*created && *visible && self.mdp.is_some())
            }
            Class::Filling(Some(field)) => forms && free(field),
            // A viewer draws every field anew by the form's defaults, the locked ones too.
            Class::Filling(None) => forms && (self.locks.is_empty() || change.rule == "default-resources"),
            Class::Annotation => self.mdp == Some(3),
            Class::Forbidden => false,
        }
    }

    /// May this have happened after the signature in a certified copy? True where the rule of a copy does not apply.
    pub(crate) fn permit_in_copy(&self, change: &Change) -> bool {
        let Some(role) = self.copy else { return true };
        match &change.class {
            Class::Material => true,
            Class::Metadata => matches!(change.rule, "extensions" | "version"),
            Class::Signing { field, created: false, .. } => role == Role::Leader && field == SEAL_FIELD,
            _ => false,
        }
    }
}

/// B3: a lock that asks for more than an earlier signature leaves. The smaller permission counts for all changes; what the signer meant is
/// not known.
pub(crate) fn raised(found: &[Found], permissions: &[Permissions]) -> Vec<Reason> {
    let people: Vec<(&Found, &Permissions)> =
        found.iter().zip(permissions).filter(|(one, _)| !one.is_timestamp()).collect();
    let levels: Vec<(Option<i64>, Option<i64>)> = people.iter().map(|(_, own)| (own.asked, own.mdp)).collect();
    let one = |at: usize| Some(Reason::with("permission-raised", &[("field", people.get(at)?.0.field.clone())]));
    raising(&levels).into_iter().filter_map(one).collect()
}

/// Places of those that ask for more than is left, in the order of signing: what each asks for, and what is in force by itself.
fn raising(levels: &[(Option<i64>, Option<i64>)]) -> Vec<usize> {
    let mut least = None;
    let mut found = Vec::new();
    for (at, (asked, own)) in levels.iter().enumerate() {
        if asked.zip(least).is_some_and(|(asked, least)| asked > least) {
            found.push(at);
        }
        least = least.into_iter().chain(*own).min();
    }
    found
}

/// B2: the catalog's `/Perms /DocMDP` is this signature, which says DocMDP itself.
pub(crate) fn certifies(view: &Document<'_>, found: &Found) -> Result<bool, pdf::Error> {
    let named = match view.get(view.catalog()?, b"Perms")?.as_dict() {
        Some(permissions) => permissions.reference(b"DocMDP") == Some(found.holder),
        None => false,
    };
    if !named {
        return Ok(false);
    }
    for reference in view.get(&found.dict, b"Reference")?.as_array().unwrap_or_default() {
        let reference = view.resolve(reference)?.as_dict();
        let method = reference.map(|dict| view.get(dict, b"TransformMethod")).transpose()?;
        if method.and_then(Object::as_name) == Some(b"DocMDP") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn locked(view: &Document<'_>, dict: &Dict) -> Result<Locked, pdf::Error> {
    let mut names = Vec::new();
    for name in view.get(dict, b"Fields")?.as_array().unwrap_or_default() {
        let name = view.resolve(name)?;
        view.charge(name)?;
        if let Object::String(name) = name {
            names.push(pdf::decode_text(&name.bytes));
        }
    }
    Ok(match view.get(dict, b"Action")?.as_name() {
        Some(b"Include") => Locked::Include(names),
        Some(b"Exclude") => Locked::Exclude(names),
        _ => Locked::All,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lock_their_descendants_and_not_their_neighbours() {
        let include = Locked::Include(vec!["Signature1".to_owned()]);
        assert!(include.locks("Signature1") && include.locks("Signature1.a"));
        assert!(!include.locks("Signature10"));
        assert!(
            Locked::Exclude(vec!["a".to_owned()]).locks("b") && !Locked::Exclude(vec!["a".to_owned()]).locks("a.b")
        );
    }

    fn change(class: Class) -> Change {
        Change { class, rule: "", object: None, pages: Vec::new() }
    }

    /// B3: asking for more than an earlier signature left is unclear; asking for the same or less is not.
    #[test]
    fn b3_raising_is_unclear() {
        let own = |level: i64| (Some(level), Some(level));
        assert_eq!(raising(&[own(2), own(3)]), [1]);
        assert_eq!(raising(&[(None, Some(1)), own(2), own(1)]), [1]);
        assert_eq!(raising(&[own(2), (None, None), own(3)]), [2]);
        for fine in [&[own(2), own(2)][..], &[own(2), own(1)], &[(None, None), own(3)], &[own(3)]] {
            assert_eq!(raising(fine), [0; 0], "{fine:?}");
        }
    }

    /// B1 and B2: what each level lets through; B3: the smaller one counts; B5: evidence never counts.
    #[test]
    fn b3_the_smaller_permission_counts() {
        let signing = |created, visible| Class::Signing { field: "a".to_owned(), created, visible };
        let filling = Class::Filling(Some("a".to_owned()));
        let cases = [
            // Class, and whether it is let through with no level, 1, 2 and 3.
            (Class::Material, [true, true, true, true]),
            (Class::Metadata, [true, true, true, true]),
            (filling, [true, false, true, true]),
            (Class::Filling(None), [true, false, true, true]),
            (signing(false, true), [true, false, true, true]),
            (Class::BesideSigning, [true, false, true, true]),
            (signing(true, false), [true, false, true, true]),
            (signing(true, true), [true, false, false, false]),
            (Class::Annotation, [false, false, false, true]),
            (Class::Covering, [true; 4]),
            (Class::Forbidden, [false; 4]),
        ];
        for (class, expected) in cases {
            for (level, expected) in [None, Some(1), Some(2), Some(3)].into_iter().zip(expected) {
                let permissions = Permissions { mdp: level, ..Permissions::default() };
                assert_eq!(permissions.permit(&change(class.clone())), expected, "{class:?} at {level:?}");
            }
        }
        // FieldMDP: defaults of the form would draw the locked fields otherwise; new resources would not.
        let locked = Permissions { locks: vec![Locked::Include(vec!["a".to_owned()])], ..Permissions::default() };
        let by = |rule| Change { rule, ..change(Class::Filling(None)) };
        assert!(!locked.permit(&by("form-defaults")) && locked.permit(&by("default-resources")));
        for (levels, smallest) in [(&[3, 2][..], 2), (&[2, 3], 2), (&[3, 1, 2], 1), (&[7], 1), (&[0], 1)] {
            let mut permissions = Permissions::default();
            levels.iter().for_each(|level| permissions.restrict(*level));
            assert_eq!(permissions.level(), Some(smallest), "{levels:?}");
        }
    }
}
