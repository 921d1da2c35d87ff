//! What each code means: the pages of `docs/errors/`, as they were when this was built.

macro_rules! pages {
    ($($code:literal)*) => {
        &[$(($code, include_str!(concat!("../../docs/errors/", $code, ".md"))),)*]
    };
}

/// Every code with its page, in the order of the codes.
pub const PAGES: &[(&str, &str)] = pages! {
    "JG001" "JG002" "JG003" "JG004" "JG005" "JG006" "JG007" "JG008" "JG009" "JG010"
    "JG011" "JG012" "JG013" "JG014" "JG015" "JG016" "JG017" "JG018" "JG019" "JG020"
    "JG021" "JG022" "JG023" "JG024" "JG025" "JG026" "JG027" "JG028" "JG029" "JG030"
    "JG031" "JG032" "JG033" "JG034" "JG041" "JG042" "JG043"
    "JG101" "JG102" "JG103" "JG104" "JG105"
    "JG201" "JG202" "JG203" "JG204" "JG205" "JG206" "JG207" "JG208" "JG209" "JG210"
    "JG211" "JG212" "JG213" "JG214" "JG215" "JG216" "JG217" "JG218" "JG219" "JG220"
    "JG221" "JG222" "JG223" "JG224" "JG225" "JG226" "JG227" "JG228" "JG229" "JG230"
    "JG231" "JG232" "JG233" "JG234" "JG235" "JG236" "JG237" "JG240" "JG241" "JG242"
    "JG243" "JG244" "JG245" "JG250" "JG251" "JG252" "JG253" "JG254" "JG255" "JG256"
    "JG257" "JG258" "JG259" "JG260" "JG261" "JG262" "JG263" "JG264" "JG265" "JG266"
    "JG267" "JG268" "JG269"
    "JG300" "JG301" "JG302" "JG303" "JG304" "JG305" "JG306" "JG307" "JG310" "JG311"
    "JG312" "JG313" "JG314" "JG315" "JG316" "JG317" "JG318" "JG319" "JG320" "JG321"
    "JG322" "JG323" "JG324" "JG325" "JG326" "JG330" "JG331" "JG332" "JG333" "JG334"
    "JG340" "JG341"
};

/// The page of a code, whatever its case.
pub fn page(code: &str) -> Option<&'static str> {
    let found = PAGES.iter().find(|(known, _)| known.eq_ignore_ascii_case(code));
    found.map(|(_, text)| *text)
}
