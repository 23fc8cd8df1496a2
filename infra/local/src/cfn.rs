//! CloudFormation templates: YAML with short tags, and the intrinsic functions that our two templates use.
//!
//! Not here: macros, mappings, nested stacks, dynamic references, `Fn::ForEach`. An intrinsic that is not understood is
//! an error, never a guess.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::error::{Error, Result};

const DEPTH: usize = 64;

/// A template as JSON, short tags written out.
#[derive(Debug, Clone)]
pub struct Template {
    name: &'static str,
    root: Value,
}

/// What `Ref`, `Fn::GetAtt` and `Fn::ImportValue` stand for.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// By parameter, pseudo parameter or logical id. A value may be a list (CommaDelimitedList).
    pub refs: BTreeMap<String, Value>,
    /// By `LogicalId.Attribute`.
    pub attributes: BTreeMap<String, String>,
    /// By export name.
    pub imports: BTreeMap<String, String>,
}

impl Values {
    /// The pseudo parameters of a region and an account.
    #[must_use]
    pub fn pseudo(region: &str, account: &str, stack: &str) -> Self {
        let refs = [
            ("AWS::Region", region),
            ("AWS::AccountId", account),
            ("AWS::Partition", "aws"),
            ("AWS::URLSuffix", "amazonaws.com"),
            ("AWS::StackName", stack),
        ];
        let refs = refs.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        Self { refs, ..Self::default() }
    }

    /// Adds a value for `Ref`.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.refs.insert(name.to_owned(), value.into());
    }
}

/// One resource of a template.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// The logical id.
    pub id: &'a str,
    /// `AWS::…`
    pub kind: &'a str,
    /// The properties, not resolved.
    pub properties: &'a Value,
    /// The metadata, not resolved; null when there is none.
    pub metadata: &'a Value,
}

impl Template {
    /// Reads a template. `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Template`] when it is not YAML or not a mapping.
    pub fn parse(name: &'static str, text: &str) -> Result<Self> {
        let yaml: Yaml = serde_yaml_ng::from_str(text).map_err(|error| Error::template(name, error))?;
        let root = to_json(yaml, DEPTH).map_err(|message| Error::template(name, message))?;
        if !root.is_object() {
            return Err(Error::template(name, "not a mapping"));
        }
        Ok(Self { name, root })
    }

    /// The name given to [`Template::parse`].
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A value by its JSON pointer; null when there is none.
    #[must_use]
    pub fn get(&self, pointer: &str) -> &Value {
        self.root.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// All resources, in the template's order.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.get("/Resources").as_object().into_iter().flatten().map(|(id, body)| Resource {
            id,
            kind: body.get("Type").and_then(Value::as_str).unwrap_or_default(),
            properties: body.get("Properties").unwrap_or(&Value::Null),
            metadata: body.get("Metadata").unwrap_or(&Value::Null),
        })
    }

    /// Puts the parameters into `values`: what is given, else the default.
    ///
    /// # Errors
    /// [`Error::Template`] for a parameter without either, and for a given one that the template does not have.
    pub fn parameters(&self, given: &BTreeMap<String, String>, values: &mut Values) -> Result<()> {
        let declared = self.get("/Parameters").as_object().cloned().unwrap_or_default();
        if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
            return Err(Error::template(self.name, format!("there is no parameter {unknown}")));
        }
        for (name, declaration) in declared {
            let default = declaration.get("Default").map(scalar);
            let value = given.get(&name).cloned().or(default);
            let value = value.ok_or_else(|| Error::template(self.name, format!("parameter {name} needs a value")))?;
            let list = declaration.get("Type").and_then(Value::as_str) == Some("CommaDelimitedList");
            let value = if list { value.split(',').map(|it| json!(it.trim())).collect() } else { json!(value) };
            values.refs.insert(name, value);
        }
        Ok(())
    }

    /// Resolves every intrinsic in `value`.
    ///
    /// # Errors
    /// [`Error::Template`] that names what is not known.
    pub fn resolve(&self, value: &Value, values: &Values) -> Result<Value> {
        let resolver = Resolver { template: self, values };
        resolver.value(value, DEPTH).map_err(|message| Error::template(self.name, message))
    }

    /// Resolves `value` to a string.
    ///
    /// # Errors
    /// [`Error::Template`] that names what is not known, or when the value is a list or mapping.
    pub fn text(&self, value: &Value, values: &Values) -> Result<String> {
        match self.resolve(value, values)? {
            value @ (Value::String(_) | Value::Number(_) | Value::Bool(_)) => Ok(scalar(&value)),
            other => Err(Error::template(self.name, format!("a text is needed, not {other}"))),
        }
    }
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn to_json(yaml: Yaml, depth: usize) -> Result<Value, String> {
    let depth = depth.checked_sub(1).ok_or("nested too deeply")?;
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => json!(integer),
            (None, float) => json!(float),
        },
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => {
            Value::Array(items.into_iter().map(|item| to_json(item, depth)).collect::<Result<_, _>>()?)
        }
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let key = match key {
                    Yaml::String(key) => key,
                    Yaml::Number(number) => number.to_string(),
                    _ => return Err("a key is not a text".to_owned()),
                };
                map.insert(key, to_json(value, depth)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let value = to_json(tagged.value, depth)?;
            let name = tag.trim_start_matches('!');
            match (name, &value) {
                ("Ref" | "Condition", _) => json!({name: value}),
                ("GetAtt", Value::String(path)) => {
                    json!({"Fn::GetAtt": path.splitn(2, '.').collect::<Vec<_>>()})
                }
                _ => json!({format!("Fn::{name}"): value}),
            }
        }
    })
}

struct Resolver<'a> {
    template: &'a Template,
    values: &'a Values,
}

impl Resolver<'_> {
    fn value(&self, value: &Value, depth: usize) -> Result<Value, String> {
        let depth = depth.checked_sub(1).ok_or("nested too deeply")?;
        match value {
            Value::Array(items) => {
                let items = items.iter().map(|item| self.value(item, depth)).collect::<Result<Vec<_>, _>>()?;
                Ok(Value::Array(items.into_iter().filter(|item| !item.is_null()).collect()))
            }
            Value::Object(map) => {
                if let (1, Some((name, argument))) = (map.len(), map.iter().next())
                    && (name == "Ref" || name.starts_with("Fn::"))
                {
                    return self.intrinsic(name, argument, depth);
                }
                let mut out = Map::new();
                for (name, value) in map {
                    let resolved = self.value(value, depth)?;
                    // a null is AWS::NoValue: the property goes
                    if !resolved.is_null() {
                        out.insert(name.clone(), resolved);
                    }
                }
                Ok(Value::Object(out))
            }
            other => Ok(other.clone()),
        }
    }

    fn text(&self, value: &Value, depth: usize) -> Result<String, String> {
        match self.value(value, depth)? {
            Value::Array(_) | Value::Object(_) | Value::Null => Err(format!("a text is needed: {value}")),
            value => Ok(scalar(&value)),
        }
    }

    fn intrinsic(&self, name: &str, argument: &Value, depth: usize) -> Result<Value, String> {
        match name {
            "Ref" => match argument.as_str() {
                Some("AWS::NoValue") => Ok(Value::Null),
                Some(wanted) => self.reference(wanted),
                None => Err("Ref needs a name".to_owned()),
            },
            "Fn::GetAtt" => {
                let parts = argument.as_array().ok_or("GetAtt needs a list")?;
                let parts = parts.iter().map(|part| self.text(part, depth)).collect::<Result<Vec<_>, _>>()?;
                self.attribute(&parts.join(".")).map(Value::String)
            }
            "Fn::Sub" => self.substitute(argument, depth),
            "Fn::ImportValue" => {
                let wanted = self.text(argument, depth)?;
                let value = self.values.imports.get(&wanted);
                value.map(|value| json!(value)).ok_or_else(|| format!("nothing exports {wanted}"))
            }
            "Fn::Join" => {
                let (separator, items) = pair(argument)?;
                let items = self.value(items, depth)?;
                let items = items.as_array().ok_or("Join needs a list")?;
                let items: Vec<String> = items.iter().map(scalar).collect();
                Ok(json!(items.join(separator.as_str().unwrap_or_default())))
            }
            "Fn::Split" => {
                let (separator, text) = pair(argument)?;
                let text = self.text(text, depth)?;
                let separator = separator.as_str().filter(|it| !it.is_empty()).ok_or("Split needs a separator")?;
                Ok(text.split(separator).map(|item| json!(item)).collect())
            }
            "Fn::Select" => {
                let (index, items) = pair(argument)?;
                let index = self.text(index, depth)?.parse::<usize>().map_err(|_| "Select needs a number")?;
                let items = self.value(items, depth)?;
                items.get(index).cloned().ok_or_else(|| "Select is out of range".to_owned())
            }
            "Fn::If" => match argument.as_array().map(Vec::as_slice) {
                Some([Value::String(condition), yes, no]) => {
                    let holds = self.condition(condition, depth)?;
                    self.value(if holds { yes } else { no }, depth)
                }
                _ => Err("If needs a condition and two values".to_owned()),
            },
            other => Err(format!("{other} is not understood")),
        }
    }

    fn reference(&self, name: &str) -> Result<Value, String> {
        self.values.refs.get(name).cloned().ok_or_else(|| format!("nothing is known for Ref {name}"))
    }

    fn attribute(&self, path: &str) -> Result<String, String> {
        self.values.attributes.get(path).cloned().ok_or_else(|| format!("nothing is known for GetAtt {path}"))
    }

    fn substitute(&self, argument: &Value, depth: usize) -> Result<Value, String> {
        let none = Map::new();
        let (text, own) = match argument {
            Value::String(text) => (text, &none),
            Value::Array(items) => match items.as_slice() {
                [Value::String(text), Value::Object(own)] => (text, own),
                _ => return Err("Sub needs a text and a mapping".to_owned()),
            },
            _ => return Err("Sub needs a text".to_owned()),
        };
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (name, tail) = after.split_once('}').ok_or_else(|| format!("${{ without }} in {text}"))?;
            out.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                out.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = own.get(name) {
                out.push_str(&self.text(value, depth)?);
            } else if name.contains('.') {
                out.push_str(&self.attribute(name)?);
            } else {
                out.push_str(&scalar(&self.reference(name)?));
            }
            rest = tail;
        }
        out.push_str(rest);
        Ok(Value::String(out))
    }

    fn condition(&self, name: &str, depth: usize) -> Result<bool, String> {
        let declared = self.template.get("/Conditions").get(name).ok_or_else(|| format!("no condition {name}"))?;
        self.holds(declared, depth)
    }

    fn holds(&self, condition: &Value, depth: usize) -> Result<bool, String> {
        let depth = depth.checked_sub(1).ok_or("conditions nested too deeply")?;
        let entry = condition.as_object().and_then(|map| map.iter().next());
        let (name, argument) = entry.ok_or("a condition is not a function")?;
        let all = || argument.as_array().into_iter().flatten().map(|inner| self.holds(inner, depth));
        match name.as_str() {
            "Condition" => self.condition(argument.as_str().unwrap_or_default(), depth),
            "Fn::Equals" => {
                let (left, right) = pair(argument)?;
                Ok(self.value(left, depth)? == self.value(right, depth)?)
            }
            "Fn::Not" => Ok(!all().collect::<Result<Vec<_>, _>>()?.contains(&true)),
            "Fn::And" => Ok(!all().collect::<Result<Vec<_>, _>>()?.contains(&false)),
            "Fn::Or" => Ok(all().collect::<Result<Vec<_>, _>>()?.contains(&true)),
            other => Err(format!("condition {other} is not understood")),
        }
    }
}

fn pair(argument: &Value) -> Result<(&Value, &Value), String> {
    match argument.as_array().map(Vec::as_slice) {
        Some([first, second]) => Ok((first, second)),
        _ => Err(format!("two arguments are needed: {argument}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intrinsics_resolve_and_unknown_names_are_errors() {
        let text = r#"
Parameters: {Stage: {Type: String, Default: dev}, Origins: {Type: CommaDelimitedList, Default: "a, b"}}
Conditions: {Dev: !Equals [!Ref Stage, dev]}
Resources:
  A:
    Type: X
    Properties:
      One: !Sub "${Stage}-${T.Arn}-${!Raw}"
      Two: !If [Dev, !Ref "AWS::NoValue", 2]
      Three: !Join [",", !Ref Origins]
      Four: {"Fn::ImportValue": !Sub "${Stage}-x"}
      Five: {"Fn::Sub": ["${Arn}/*", {Arn: !GetAtt T.Arn}]}
"#;
        let template = Template::parse("t", text).expect("parses");
        let mut values = Values::pseudo("r", "0", "s");
        values.attributes.insert("T.Arn".to_owned(), "arn".to_owned());
        values.imports.insert("dev-x".to_owned(), "imported".to_owned());
        template.parameters(&BTreeMap::new(), &mut values).expect("parameters");
        let resource = template.resources().next().expect("a resource");
        let resolved = template.resolve(resource.properties, &values).expect("resolves");
        assert_eq!(resolved, json!({"One": "dev-arn-${Raw}", "Three": "a,b", "Four": "imported", "Five": "arn/*"}));
        values.imports.clear();
        let error = template.resolve(resource.properties, &values).expect_err("nothing is imported");
        assert!(error.to_string().contains("dev-x"), "{error}");
    }
}
