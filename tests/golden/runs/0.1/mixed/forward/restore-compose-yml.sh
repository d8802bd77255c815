holds() { file_as @PROJECT@/compose.yml target/compose.yml; }
act() { put_file target/compose.yml @PROJECT@/compose.yml 644; }
